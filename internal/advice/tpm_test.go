package advice

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

// TestTPMReasons: the reasons for a TPM, and the first remedy.
func TestTPMReasons(t *testing.T) {
	t.Parallel()
	group := tpm.Error{Kind: tpm.Permission, Step: "open", Path: "/dev/tpmrm0", Group: "tss"}
	key := "the endorsement key used has the SHA-256 " + tpm.KeyFacts{Public: endorsement()}.Hash() + " and is "
	persistent := func(f *tpm.Facts) { f.EK.Handle = 0x81010001 }
	for name, test := range map[string]struct {
		ev      *probe.Evidence
		because []string
		remedy  string // the first one, where it is not the rule's
	}{
		"the owner of the device": {
			refusedProbe(unfit(group)),
			[]string{"no permission to open /dev/tpmrm0, which belongs to the group tss"},
			"Add the account that runs the client to the group tss, and restart the client",
		},
		"a group that gives too much": {
			refusedProbe(unfit(tpm.Error{Kind: tpm.Permission, Path: "/dev/tpmrm0", Group: "root"})),
			[]string{"no permission to open /dev/tpmrm0, which belongs to the group root"},
			"",
		},
		"only the raw device": {
			refusedProbe(unfit(tpm.Error{Kind: tpm.NoManager, Step: "open", Text: "as it was"})),
			[]string{"open: as it was"},
			"Use a kernel with a resource manager (Linux has one since 4.12), or stop other users of the TPM and use the device without one, such as /dev/tpm0",
		},
		"another device": {
			refusedProbe(unfit(tpm.Error{Kind: tpm.NoAnswer, Path: "/dev/null", Text: "EOF"})),
			[]string{"no TPM 2.0 answers at /dev/null: EOF"},
			"Check that the path is that of a TPM 2.0: an older TPM cannot attest, and another kind of device does not answer, or not as a TPM does",
		},
		"an owner without a name": {
			refusedProbe(unfit(tpm.Error{Kind: tpm.Permission, Path: "/dev/tpmrm0"})),
			[]string{"no permission to open /dev/tpmrm0"},
			"",
		},
		"a lockout": {
			refusedProbe(unfit(tpm.Error{Kind: tpm.Lockout, Step: "make the endorsement key", Text: "TPM_RC_LOCKOUT"})),
			[]string{"make the endorsement key: TPM_RC_LOCKOUT"},
			"Wait for the recovery time of the lockout, or end it with the lockout password (tpm2_dictionarylockout --clear-lockout)",
		},
		"a password": {
			refusedProbe(unfit(tpm.Error{Kind: tpm.Hierarchy, Step: "use the endorsement key", Text: "TPM_RC_BAD_AUTH"}), protected),
			[]string{"use the endorsement key: TPM_RC_BAD_AUTH", "the endorsement hierarchy has a password; none was given, or a wrong one"},
			"Give dpsdiag the passwords in a file for --from, under [tpm.hierarchy_authorization] as in the config.toml of IoT Edge; there is no flag for them",
		},
		"a key made for the probe": {
			refusedProbe(chip(), fails(tpm.Activation)),
			[]string{
				"the key that the service sent is not for this TPM (activate the credential: )",
				key + "made from the standard template",
			},
			"",
		},
		"a persistent key": {
			refusedProbe(chip(persistent), warn("tpm-ek-mismatch", "odd"), fails(tpm.Activation)),
			[]string{
				"the key that the service sent is not for this TPM (activate the credential: )",
				key + "persistent at 0x81010001", "odd",
			},
			"",
		},
		"the id that comes from the key": {
			refusedProbe(chip(), madeID, refuse(400, 400004, "Endorsement key is invalid, or does not match the Enrollment.")),
			[]string{
				`the service answered 400 with error code 400004 ("Endorsement key is invalid, or does not match the Enrollment.")`,
				key + "made from the standard template",
			},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cause := Diagnose(test.ev).Causes[0]
			if diff := cmp.Diff(test.because, cause.Because); diff != "" {
				t.Errorf("because (-want +got):\n%s", diff)
			}
			if test.remedy == "" {
				test.remedy = cause.Definition.Remedies[0]
			}
			if cause.Remedies[0] != test.remedy {
				t.Errorf("the first remedy is: %s", cause.Remedies[0])
			}
		})
	}
}

func protected(ev *probe.Evidence) { ev.Inputs.TPM.EndorsementAuth = true }

// TestMadeID: another key means another id only if the id is derived from the key.
func TestMadeID(t *testing.T) {
	t.Parallel()
	const line = "the registration id is derived from this key, so another key would have another id"
	missing := refuse(404, 404201, "Enrollment not found.")
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want bool
	}{
		"made":    {refusedProbe(chip(), madeID, missing), true},
		"given":   {refusedProbe(chip(), missing), false},
		"no key":  {refusedProbe(unread, madeID, missing), false},
		"no fact": {refusedProbe(chip(func(f *tpm.Facts) { f.EK = tpm.KeyFacts{} }), madeID, missing), false},
	} {
		because := findCause(t, Diagnose(test.ev), "tpm-ek-mismatch").Because
		if got := strings.Contains(strings.Join(because, "\n"), line); got != test.want {
			t.Errorf("%s: %q", name, because)
		}
	}
}
