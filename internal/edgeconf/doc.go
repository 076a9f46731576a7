// Package edgeconf reads a device's existing configuration into typed settings for a probe.
// That is the config.toml of IoT Edge 1.2 and later or of the identity service, the file that
// "config apply" makes from it for aziot-identityd, or the environment variables of the
// official SDK samples.
//
// Call [Read] for a file and [FromEnv] for the environment, combine them with [Merge], ask
// the result for what is [Settings.Missing], and use [Lint] to find mistakes in it. Every
// value has its [Origin], so that a report can say "config.toml line 14:
// provisioning.attestation.registration_id".
//
// Settings contain the values that the device's own software reads from the configuration.
// A value with a wrong name or in a wrong form is missing, and a [Remark] says why, because
// a device with such a configuration would fail before the service is called. A value that
// the device can use but a probe cannot, such as a key in an HSM or a certificate that an
// EST server will issue, is an [Obstacle].
//
// The only input is files, read with the function given to [Read]. Keys, tokens, pass
// phrases and PINs are [dps.Secret] values or never leave the package: no error and no
// remark contains one.
//
// The meaning of the files comes from the source code of Azure/iot-identity-service
// (aziotctl/aziotctl-common/src/config/super_config.rs and apply.rs,
// identity/aziot-identityd-config, key/aziot-keys, cert/aziot-certd-config) and in
// Azure/iotedge (edgelet/iotedge/src/config, edgelet/contrib/config/linux/template.toml).
package edgeconf
