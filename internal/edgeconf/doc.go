// Package edgeconf turns the configuration that a device has already into typed settings
// for a probe: the config.toml of IoT Edge 1.2 and later or of the identity service, what
// "config apply" makes of it for aziot-identityd, and the environment variables of the
// official SDK samples.
//
// Call [Read] for a file and [FromEnv] for the environment, lay them over each other with
// [Merge], ask the result what is still [Settings.Missing], and [Lint] for what is wrong
// with it as it stands. Every value carries its [Origin], so that a report can say
// "config.toml line 14: provisioning.attestation.registration_id".
//
// Settings hold what the device's own software takes from the configuration. A value
// under a wrong name or in a wrong form is missing, and a [Remark] says why, because a
// device with such a configuration never gets as far as a probe would. What a probe cannot
// use although the device can, such as a key in an HSM or a certificate that an EST server
// will issue, is an [Obstacle].
//
// The only input are files, through the function given to [Read]. Keys, tokens, pass
// phrases and PINs are [dps.Secret] values or never leave the package: no error and no
// remark has one in it.
//
// What the files mean was read in Azure/iot-identity-service
// (aziotctl/aziotctl-common/src/config/super_config.rs and apply.rs,
// identity/aziot-identityd-config, key/aziot-keys, cert/aziot-certd-config) and in
// Azure/iotedge (edgelet/iotedge/src/config, edgelet/contrib/config/linux/template.toml).
package edgeconf
