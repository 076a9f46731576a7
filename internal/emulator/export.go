package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	srv "dpsdiag/internal/service"
)

// azTime is a time as the Azure CLI prints it.
const azTime = "2006-01-02T15:04:05.000000+00:00"

// Export writes what the service stores into a directory, in the JSON of the Azure CLI:
// enrollment-ID.json as "az iot dps enrollment show --show-keys" prints it,
// enrollment-group-ID.json, instance.json as "az iot dps show" and certificates.json as "az
// iot dps certificate list". The files contain keys, so only their owner may read them. A
// further call also removes the files of enrollments that are gone.
func (e *Emulator) Export(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	files := e.service.exports()
	files["instance.json"] = encodeAz(e.instance())
	files["certificates.json"] = encodeAz(e.service.certificateList())
	for name, text := range files {
		if err := replaceFile(e.store.disk, filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(dir, name), err)
		}
	}
	for _, name := range e.exported {
		if _, still := files[name]; still {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	e.exported = nil
	for name := range files {
		e.exported = append(e.exported, name)
	}
	return nil
}

// exports are the files of the enrollments, by their names. The Azure CLI shows keys only
// with symmetric keys.
func (s *service) exports() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := map[string][]byte{}
	for _, entry := range s.enrolled.all() {
		kind := "enrollment-"
		if entry.group {
			kind = "enrollment-group-"
		}
		var text bytes.Buffer
		_ = json.Indent(&text, s.reveal(entry, true, true), "", "  ") // it is JSON
		text.WriteByte('\n')
		files[kind+url.QueryEscape(strings.ToLower(entry.name))+".json"] = text.Bytes()
	}
	return files
}

// instance describes the service as the management API does. How a hub behaves is not in
// it: an instance that has lost its rights at a hub does not know that.
func (e *Emulator) instance() srv.Instance {
	const name = "dpsdiag-emulator"
	host := e.owner.Host
	properties := srv.InstanceProperties{
		IDScope: e.service.scope, DeviceProvisioningHostName: host, ServiceOperationsHostName: host,
		State: "Active", ProvisioningState: "Succeeded", AllocationPolicy: "Hashed", IoTHubs: []srv.LinkedHub{},
		PublicNetworkAccess: "Enabled",
	}
	for _, h := range e.service.hubs {
		properties.IoTHubs = append(properties.IoTHubs, srv.LinkedHub{Name: e.service.hubName(h.name), Location: "local"})
	}
	return srv.Instance{
		ID:   "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Devices/provisioningServices/" + name,
		Name: name, Type: "Microsoft.Devices/provisioningServices", Location: "local", ResourceGroup: "local", Properties: properties,
	}
}

func (s *service) certificateList() srv.CertificateList {
	list := srv.CertificateList{Value: []srv.CACertificate{}}
	for _, ca := range s.authorities {
		info := infoOf(ca.cert)
		list.Value = append(list.Value, srv.CACertificate{
			Name: ca.name, Type: "Microsoft.Devices/provisioningServices/Certificates",
			Properties: srv.CACertificateProperties{
				Subject: ca.cert.Subject.CommonName, Thumbprint: info.SHA1Thumbprint, IsVerified: ca.verified,
				Expiry: azDate(ca.cert.NotAfter), Created: azDate(ca.cert.NotBefore), Updated: azDate(ca.cert.NotBefore),
				Certificate: base64.StdEncoding.EncodeToString(ca.cert.Raw),
			},
		})
	}
	return list
}

func azDate(t time.Time) string { return t.UTC().Format(azTime) }

func encodeAz(v any) []byte {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // strings alone
	}
	return append(text, '\n')
}
