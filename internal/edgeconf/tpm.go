package edgeconf

import (
	"strings"

	"dpsdiag/internal/dps"
)

// tpmSettings reads the [tpm] table, which is at the top level of aziot-tpmd's own file.
func (r *reader) tpmSettings() TPM {
	in, t := r, r.root.table("tpm")
	if r.settings.schema == schemaIdentity {
		own, err := r.sibling("tpmd")
		if err != nil {
			return TPM{Path: devicePath("")}
		}
		in, t = own, own.root
	}
	authorization := t.table("hierarchy_authorization")
	tpm := TPM{
		EndorsementAuth: secretText(authorization.item("endorsement")),
		OwnerAuth:       secretText(authorization.item("owner")),
	}
	if it := t.item("tcti"); it != nil && it.kind == kindText {
		tpm.TCTI = Value{it.text, in.origin(it)}
	}
	tpm.Path = devicePath(tpm.TCTI.Text)
	return tpm
}

func secretText(it *item) dps.Secret {
	if it == nil || it.kind != kindText {
		return dps.Secret{}
	}
	return dps.NewSecret(it.text)
}

// devicePath returns the device or the unix socket in a TCTI loader string, or "". Without
// a name the loader tries the resource manager's device first (tpm2-software/tpm2-tss
// src/tss2-tcti/tcti-device.c).
func devicePath(tcti string) string {
	name, conf, _ := strings.Cut(tcti, ":")
	switch name {
	case "", "device", "libtss2-tcti-device.so.0", "libtss2-tcti-device.so":
		if conf == "" {
			return "/dev/tpmrm0"
		}
		return conf
	case "swtpm":
		path, _ := strings.CutPrefix(conf, "path=")
		if strings.HasPrefix(path, "/") {
			return path
		}
	}
	return ""
}
