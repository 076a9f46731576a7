package emulator

import (
	"crypto/x509"
	"encoding/json"
	"time"

	"dpsdiag/internal/dps"
)

// unknownScope is an id scope that no service has, from Microsoft's own tests
// (azure-iot-sdk-csharp e2e/test/provisioning/ProvisioningE2ETests.cs).
const unknownScope = "0neFFFFFFFF"

// strangeHub is a hub that was not assigned; .example is not a real host (RFC 2606).
const strangeHub = "hub.dpsdiag.example"

// tokenLife is the lifetime of a ready token of a scenario, unless that is the fault.
const tokenLife = time.Hour

func otherKeys(w *world) error {
	w.device(SymmetricKey).Key = w.mint.random.key().Text()
	w.device(GroupKey).GroupKey = w.mint.random.key().Text()
	return nil
}

// useGroupKeyItself puts the key device into the group, without a derived key.
func useGroupKeyItself(w *world) error {
	d := w.device(SymmetricKey)
	d.RegistrationID, d.Key = groupDevice, w.groupKey.Text()
	return nil
}

// deriveWithLineBreak puts the key device into the group, with a key that a shell derived
// from the registration id and the line break of echo.
func deriveWithLineBreak(w *world) error {
	d := w.device(SymmetricKey)
	d.RegistrationID, d.Key = groupDevice, w.groupKey.Derive(groupDevice+"\n").Text()
	return nil
}

func tokenForHub(w *world) error {
	return addToken(w, hubResource(strangeHub, keyDevice), w.mint.now.Add(tokenLife))
}

func tokenExpired(w *world) error {
	return addToken(w, dps.Resource(w.service.scope, keyDevice), w.mint.now.Add(-10*time.Minute))
}

// addToken adds an identity with a ready token, signed with the key of the key device.
func addToken(w *world, resource string, expiry time.Time) error {
	w.devices = append(w.devices, &Device{
		Scope: w.service.scope, RegistrationID: keyDevice,
		Attestation: SASToken, Token: dps.Sign(w.key, resource, expiry),
	})
	return nil
}

func clockBehind(w *world) error {
	w.clock = -skew
	return nil
}

// certificateExpired gives the device a certificate that was valid for a year until
// yesterday.
func certificateExpired(w *world) error {
	return w.reissue(x509Device, func(template *x509.Certificate) {
		template.NotBefore = w.mint.now.AddDate(-1, 0, -1)
		template.NotAfter = w.mint.now.AddDate(0, 0, -1)
	})
}

func certificateOfAnotherName(w *world) error { return w.reissue("sandbox-x509-02", nil) }

func certificateOfWrongRole(w *world) error {
	return w.reissue(x509Device, func(template *x509.Certificate) {
		template.IsCA = true
		template.KeyUsage |= x509.KeyUsageCertSign
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
}

// reissue gives the X.509 device another certificate of the enrolled CA.
func (w *world) reissue(name string, alter func(*x509.Certificate)) error {
	leaf, err := w.mint.device(name, w.intermediate, alter)
	if err != nil {
		return err
	}
	return w.device(X509).present(leaf, w.intermediate.cert)
}

func withoutIntermediate(w *world) error { return w.device(X509).present(w.leaf) }

// certificateOfAnotherCA gives the X.509 device a valid chain that no enrollment knows.
func certificateOfAnotherCA(w *world) error {
	root, err := w.mint.authority("another device root", nil)
	if err != nil {
		return err
	}
	intermediate, err := w.mint.authority("another device intermediate", root)
	if err != nil {
		return err
	}
	leaf, err := w.mint.device(x509Device, intermediate, nil)
	if err != nil {
		return err
	}
	return w.device(X509).present(leaf, intermediate.cert)
}

func trustAnotherCA(w *world) error {
	other, err := w.mint.authority("another server CA", nil)
	if err != nil {
		return err
	}
	w.trusted = other.cert
	return nil
}

func useUnknownScope(w *world) error {
	for _, d := range w.devices {
		d.Scope = unknownScope
	}
	return nil
}

// useInvalidIDs adds a full stop to every registration id, including that of the
// certificate.
func useInvalidIDs(w *world) error {
	for _, d := range w.devices {
		d.RegistrationID += "."
	}
	return w.reissue(w.device(X509).RegistrationID, nil)
}

func sendArray(w *world) error {
	for _, d := range w.devices {
		d.Payload = json.RawMessage(`["modelId", "dtmi:example:thing;1"]`)
	}
	return nil
}
