package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// flagRow shows that a command reads a flag: its result with the flag, whose name is the first word of
// with, differs from that without it. If a flag needs another one, that is in base.
type flagRow struct{ base, with string }

// flagRows are the rows of each command; a word that begins with $ stands for what flagWords has.
func flagRows() map[string][]flagRow {
	return map[string][]flagRow{
		"": {{"", "--version"}},
		"derive-key": {
			{"--group-key-file $KEY", "--registration-id dev-01"},
			{"--registration-id dev-01", "--group-key-file $KEY"},
			{"--registration-id dev-01", "--group-key-env KEY"},
			{"--registration-id dev-01", "--group-key $KEYTEXT"},
		},
		"explain": {
			{"", "--all"},
			{"", "--file $LOG"},
			{"--all", "--kind mqtt"},
			{"401002", "--verbose"},
		},
		"logs":   {{"$RECORDS", "--verbose"}},
		"report": {{"$SAVED", "--verbose"}},
		"kql": {
			{"--since 7d", "--list"},
			{"failures", "--since 7d"},
			{"failures", "--device dev-01"},
			{"failures", "--instance contoso"},
		},
		"plan": {
			{"--at-once", "--devices 10"},
			{"--devices 10", "--over 1m"},
			{"--devices 10", "--at-once"},
			{"--devices 3000 --over 1m", "--spread even"},
			{"--devices 3000 --over 1m", "--polls 5"},
			{"--devices 3000 --over 1m", "--assign-time 9s"},
			{"--devices 3000 --over 1m", "--retry none"},
			{"--devices 3000 --over 1m", "--retry-after off"},
			{"--devices 3000 --over 1m", "--seed 2"},
			{"--devices 3000 --over 1m", "--per-minute 500"},
			{"--devices 3000 --over 1m", "--instances 2"},
		},
		"inspect": {
			{"$FILES --instance $INSTANCE", "--id-scope 0neFFFFFFFF"},
			{"$API --instance $INSTANCE", "--endpoint other.azure-devices-provisioning.net"},
			{"$APIALONE", "--ca-file $CA"},
			{"$API", "--proxy http://127.0.0.1:1"},
			{"", "--service-env DPS"},
			{"--service-token-env DPS", "--service-host contoso.azure-devices-provisioning.net"},
			{"--service-host contoso.azure-devices-provisioning.net", "--service-token-env DPS"},
			{"", "--enrollment $ENROLLMENT"},
			{"--enrollment $ENROLLMENT", "--instance $INSTANCE"},
			{"--enrollment $ENROLLMENT", "--certificates $KEY"},
			{"$FILES", "--key-file $KEY"},
			{"$FILES", "--key-env KEY"},
			{"$FILES", "--key $KEYTEXT"},
			{"$FILES", "--group-key-file $KEY"},
			{"$FILES", "--group-key-env KEY"},
			{"$FILES", "--group-key $KEYTEXT"},
			{"$FILES", "--cert $CERT"},
			{"$FILES --cert $CERT", "--cert-key $KEY"},
			{"$FILES --cert $CERT", "--chain $KEY"},
			{"$FILES", "--pkcs12 $KEY"},
			{"$FILES --pkcs12 $KEY", "--pkcs12-password-file missing"},
			{"$FILES --pkcs12 $KEY", "--pkcs12-password-env MISSING"},
			{"$FILES", "--sas-token-env TOKEN"},
			{"$FILES", "--tpm missing"},
			{"$FILES", "--verbose"},
			{"$API", "--watch"},
			{"$API --watch", "--every 1ms"},
		},
		"fleet": {
			{"$SERVICE --group-key-file $GROUPKEY", "--devices $LIST"},
			{"$SERVICE --devices $LIST", "--group-key-file $GROUPKEY"},
			{"$SERVICE --devices $LIST", "--group-key-env KEY"},
			{"$SERVICE --devices $PKCS12LIST", "--pkcs12-password-file missing"},
			{"$SERVICE --devices $PKCS12LIST", "--pkcs12-password-env MISSING"},
			{"$FLEET --lookup", "--resume $DIR/run.jsonl"},
			{"$FLEET --resume $FAILEDRUN", "--retry-failed"},
			{"$FLEET", "--dry-run"},
			{"--endpoint 127.0.0.1:1 --devices $LIST --group-key-file $GROUPKEY", "--id-scope 0ne00000001"},
			{"--proxy http://127.0.0.1:1 --id-scope 0ne00000001 --devices $LIST --group-key-file $GROUPKEY", "--endpoint 127.0.0.1:1"},
			{"--proxy http://127.0.0.1:1 --id-scope 0ne00000001 --devices $LIST --group-key-file $GROUPKEY", "--cloud china"},
			{"$FLEET", "--port-https 1"},
			{"$FLEET --transport mqtt", "--port-mqtt 1"},
			{"$FLEET --transport amqp", "--port-amqp 1"},
			{"$NOCA", "--ca-file $CA"},
			{"$FLEET", "--proxy http://127.0.0.1:1"},
			{"$FLEET", "--transport mqtt"},
			{"$FLEET", "--preflight"},
			{"$FLEET", "--lookup"},
			{"$FLEET", "--payload 1"},
			{"$FLEET", "--api-version 1"},
			{"$FLEET", "--timeout 1ms"},
			{"$THROTTLED --patience 1ms -o json", "--max-attempts 1"},
			{"$SERVICE --devices $CERTLIST", "--expires-in 90000d"},
			{"$FLEET --preflight -o json", "--rate 599/m"},
			{"$FLEET", "--patience 0s"},
			{"$FLEET", "--concurrency 0"},
			{"$SERVICE --devices $CERTLIST --expires-in 90000d", "--fail-on warning"},
			{"$SERVICE --devices $LIST --group-key-file $KEY", "--verbose"},
		},
		"emulate": {
			{"--print-config", "--https 127.0.0.1:x"},
			{"--print-config", "--mqtt 127.0.0.1:x"},
			{"--print-config", "--amqp 127.0.0.1:x"},
			{"--print-config", "--hub 127.0.0.1:x"},
			{"--print-config --state-dir $DIR", "--hub-profile mqttV5"},
			{"--print-config --state-dir $DIR --https 0.0.0.0:0", "--allow-remote"},
			{"-o json", "--san dps.example"},
			{"", "--state-dir $DIR/state"},
			{"--print-config --state-dir $DIR", "--config $KEY"},
			{"", "--export $DIR/export"},
			{"--tpm-registration-id tpm-01", "--tpm-ek bm9uZQ=="},
			{"--tpm-ek $EK", "--tpm-registration-id tpm-01"},
			{"--print-config --state-dir $DIR", "--scenario throttled"},
			{"", "--list-scenarios"},
			{"--state-dir $DIR", "--print-config"},
		},
		"probe": {
			{"", "--from $KEY"},
			{"$FOUND", "--no-from"},
			{"--key-file $KEY --registration-id dev-01 --endpoint 127.0.0.1:1", "--id-scope 0ne00000001"},
			{"--key-file $KEY --id-scope 0ne00000001 --endpoint 127.0.0.1:1", "--registration-id dev-01"},
			{"--key-file $KEY --id-scope 0ne00000001 --registration-id dev-01 --proxy http://127.0.0.1:1", "--endpoint 127.0.0.1:1"},
			{"--key-file $KEY --id-scope 0ne00000001 --registration-id dev-01 --proxy http://127.0.0.1:1", "--cloud china"},
			{"$PROBE", "--port-https 1"},
			{"$PROBE --transport mqtt", "--port-mqtt 1"},
			{"$PROBE --transport amqp", "--port-amqp 1"},
			{"$PROBENOCA", "--ca-file $CA"},
			{"$PROBE", "--proxy http://127.0.0.1:1"},
			{"$DEVICE", "--key-file $KEY"},
			{"$DEVICE", "--key-env KEY"},
			{"$DEVICE", "--key $KEYTEXT"},
			{"$DEVICE", "--group-key-file $GROUPKEY"},
			{"$DEVICE", "--group-key-env KEY"},
			{"$DEVICE", "--group-key $KEYTEXT"},
			{"$DEVICE --cert-key $CERTKEY", "--cert $CERT"},
			{"$DEVICE --cert $CERT", "--cert-key $CERTKEY"},
			{"$DEVICE --cert $CERT --cert-key $CERTKEY", "--chain $KEY"},
			{"$DEVICE", "--pkcs12 $KEY"},
			{"$DEVICE --pkcs12 $KEY", "--pkcs12-password-file missing"},
			{"$DEVICE --pkcs12 $KEY", "--pkcs12-password-env MISSING"},
			{"$DEVICE", "--sas-token-env TOKEN"},
			{"$DEVICE", "--tpm missing"},
			{"$PROBE", "--transport mqtt"},
			{"$PROBE", "--preflight"},
			{"$PROBE", "--lookup"},
			{"$PROBE", "--check-hub"},
			{"$TERMINAL $PROBE --check-hub --transport mqtt", "--yes"},
			{"$PROBE", "--payload 1"},
			{"$PROBE", "--api-version 1"},
			{"$PROBE", "--csr $KEY"},
			{"$PROBE", "--csr-key $DIR/csr.key"},
			{"$PROBE --csr-key $DIR/csr.key", "--issued-cert-out $DIR/issued.pem"},
			{"$PROBE", "--operation-id none"},
			{"$PROBE", "--hub-only"},
			{"$PROBE --hub-only", "--assigned-hub 127.0.0.1:1"},
			{"$PROBE --hub-only --assigned-hub 127.0.0.1:1", "--hub-profile none"},
			{"$PROBE --hub-only --assigned-hub 127.0.0.1:1 --verbose", "--hub-device-id other"},
			{"$PROBE", "--timeout 1ms"},
			{"--sandbox throttled-forever --retry-max-wait 1ms", "--max-attempts 1"},
			{"--sandbox throttled-forever --timeout 2s", "--retry-max-wait 1ms"},
			{"$DEVICE --cert $CERT --cert-key $CERTKEY", "--expires-in 90000d"},
			{"", "--sandbox healthy"},
			{"$PROBE", "--service-env DPS"},
			{"$PROBE --service-token-env DPS", "--service-host contoso.azure-devices-provisioning.net"},
			{"$PROBE --service-host contoso.azure-devices-provisioning.net", "--service-token-env DPS"},
			{"$PROBE", "--enrollment $KEY"},
			{"$PROBE", "--instance $KEY"},
			{"$PROBE", "--certificates $KEY"},
			{"$X509 --cert $CERT --cert-key $CERTKEY --expires-in 90000d", "--fail-on warning"},
			{"$PROBE", "--verbose"},
		},
	}
}

// failedRun is the name of the journal of a run in which the devices failed, a copy for each run.
const failedRun = "failed.jsonl"

// flagWords are what the rows use, with an emulator that serves their devices.
type flagWords struct {
	texts map[string]string
	env   map[string]string
	// found is the configuration of a device that is found on the machine.
	found string
	// device is the registration id of the device that probe and inspect are about.
	device string
	// journal is the journal of a run in which the devices failed.
	journal []byte
}

// words replaces the words of a row; $DIR is a folder of one run.
func (f *flagWords) words(line, dir string) []string {
	for strings.Contains(line, "$") {
		before := line
		line = os.Expand(line, func(name string) string {
			switch name {
			case "DIR":
				return dir
			case "FAILEDRUN":
				return filepath.Join(dir, failedRun)
			}
			return f.texts[name]
		})
		if line == before {
			break
		}
	}
	return strings.Fields(line)
}

func newFlagWords(t *testing.T) *flagWords {
	t.Helper()
	s := stageOf(t, sided{kind: emulator.SymmetricKey})
	ready := s.emulator.Ready()
	f := &flagWords{device: s.device.RegistrationID, env: map[string]string{"DPS": s.connection.Reveal()}}
	key := s.write(t, "other.key", []byte("YW4gb2xkZXIga2V5IGFuIG9sZGVyIGtleSBhbiBvbGRlciBrZXkgYW4gb2xkZXIga2V5IGFuIG9sZGVyIGtleQ=="))
	f.env["KEY"] = string(readBytes(t, key))
	f.env["TOKEN"] = "SharedAccessSignature sr=" + ready.IDScope + "%2fregistrations%2f" + s.device.RegistrationID + "&sig=AAAA&se=4102444800&skn=registration"
	f.found = s.write(t, "found.toml", []byte("[provisioning]\nsource = \"dps\"\n"))
	saved := filepath.Join(s.dir, "saved.json")
	if w := newWorld(); w.run(t, "probe", "--sandbox", "wrong-id-scope", "-o", "json="+saved) != report.ExitFault {
		t.Fatal(w.err.String())
	}
	x509, group := s.identity(t, s.emulator, emulator.X509), s.identity(t, s.emulator, emulator.GroupKey)
	cert, certKey := s.write(t, "x509.pem", x509.CertPEM), s.write(t, "x509.key", []byte(x509.CertKeyPEM.Reveal()))
	target := fmt.Sprintf("--endpoint %s --port-mqtt %d --port-amqp %d --id-scope %s", ready.Endpoints.HTTPS, s.device.Endpoint.MQTT, s.device.Endpoint.AMQP, ready.IDScope)
	f.texts = map[string]string{
		"KEY": key, "KEYTEXT": f.env["KEY"], "LOG": "../../testdata/logs/throttled.log", "RECORDS": "../../testdata/monitor/storage.json", "SAVED": saved,
		"CA": ready.CAFile, "CERT": cert, "CERTKEY": certKey, "ENROLLMENT": s.enrollments()[len(s.enrollments())-1], "INSTANCE": filepath.Join(s.dir, "instance.json"),
		"FILES": "--enrollment $ENROLLMENT", "API": "--service-env DPS --ca-file $CA", "APIALONE": "--service-env DPS",
		"SERVICE": target + " --ca-file $CA", "DEVICE": target + " --ca-file $CA --registration-id " + s.device.RegistrationID,
		"X509":       target + " --ca-file $CA --registration-id " + x509.RegistrationID,
		"GROUPKEY":   s.write(t, "group.key", []byte(group.GroupKey.Reveal())),
		"LIST":       s.write(t, "list.csv", []byte("registration_id\nfleet-01\n")),
		"PKCS12LIST": s.write(t, "pkcs12.csv", []byte("registration_id,pkcs12\nfleet-01,other.key\n")),
		"CERTLIST":   s.write(t, "cert.csv", []byte("registration_id,cert,cert_key\n"+x509.RegistrationID+",x509.pem,x509.key\n")),
		"FLEET":      "$SERVICE --devices $LIST --group-key-file $GROUPKEY",
		"NOCA":       target + " --devices $LIST --group-key-file $GROUPKEY",
		"PROBE":      "$DEVICE --key-file " + s.write(t, "own.key", []byte(s.device.Key.Reveal())),
		"PROBENOCA":  target + " --registration-id " + s.device.RegistrationID + " --key-file $KEY",
	}
	ek := regexp.MustCompile(`(?s)endorsement_key = """(.*?)"""`).FindSubmatch(readBytes(t, "../../docs/emulator.toml"))[1]
	f.texts["EK"] = "@" + s.write(t, "ek", ek)
	slow := stageOf(t, sided{scenario: "throttled-forever", kind: emulator.GroupKey})
	throttled := slow.emulator.Ready()
	f.texts["THROTTLED"] = "--endpoint " + throttled.Endpoints.HTTPS + " --id-scope " + throttled.IDScope + " --ca-file " + throttled.CAFile + " --devices $LIST " + strings.Join(slow.credential(t), " ")
	dir := t.TempDir()
	journal := filepath.Join(dir, "run.jsonl")
	if w := newWorld(); w.run(t, f.words("fleet $SERVICE --devices $LIST --group-key-file $KEY --resume "+journal, dir)...) != report.ExitFault {
		t.Fatal(w.err.String())
	}
	f.journal = readBytes(t, journal)
	return f
}

// flagResult is what a command did: what it wrote, where times and ports are masked, and the names of
// the files in its folder and in the certificate of its server.
type flagResult struct {
	Status   int
	Out, Err string
	Files    []string
}

// run runs a command of the rows.
func (f *flagWords) run(t *testing.T, command, line string) flagResult {
	t.Helper()
	dir := t.TempDir()
	w := newWorld()
	w.lookupEnv = func(name string) (string, bool) { text, ok := f.env[name]; return text, ok }
	w.askSecret = func(context.Context, string) (dps.Secret, error) { return dps.Secret{}, os.ErrClosed }
	if strings.Contains(line, "$FOUND") {
		w.deviceConfigs = []string{f.found}
		line = strings.ReplaceAll(line, "$FOUND", "")
	}
	if strings.Contains(line, "$TERMINAL") {
		w.terminal = func(any) (int, bool) { return report.DefaultWidth, true }
		line = strings.ReplaceAll(line, "$TERMINAL", "")
	}
	if strings.Contains(line, "$FAILEDRUN") {
		if err := os.WriteFile(filepath.Join(dir, failedRun), f.journal, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var names []string
	if command == "emulate" { // it ends as soon as it is ready
		w.stdout = writerFunc(func(p []byte) (int, error) {
			defer cancel()
			names = namesOfServer(t, p)
			return w.out.Write(p)
		})
	}
	if slices.Contains(strings.Fields(line), "--watch") {
		w.stderr = writerFunc(func(p []byte) (int, error) { cancel(); return w.err.Write(p) })
	}
	args := f.words(command+" "+line, dir)
	if command == "inspect" {
		args = append(args, f.device)
	}
	result := flagResult{Status: run(ctx, &w.app, args)}
	mask := regexp.MustCompile(regexp.QuoteMeta(dir) + `|\s+`)
	if command != "plan" { // which takes no time and has no ports
		mask = regexp.MustCompile(`\s*\d+(\.\d+)?(\s*(ms|µs|s|m)\b)|\b\d{4}-\d\d-\d\d[T ][0-9:.]+|:\d{4,5}\b|[0-9a-f-]{20,}|dpsdiag-emulator-[0-9]+|"[a-z_]+(_at|_ms)": [^,\n]*|` + mask.String())
	}
	result.Out, result.Err = mask.ReplaceAllString(w.out.String(), " "), mask.ReplaceAllString(w.err.String(), " ")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		result.Files = append(result.Files, e.Name())
	}
	result.Files = append(result.Files, names...)
	return result
}

// namesOfServer are the names in the certificate of the emulator whose ready line in JSON this is.
func namesOfServer(t *testing.T, line []byte) []string {
	t.Helper()
	var ready struct{ Endpoints struct{ HTTPS string } }
	if json.Unmarshal(line, &ready) != nil {
		return nil
	}
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // only its names are of interest
	conn, err := dialer.DialContext(t.Context(), "tcp", ready.Endpoints.HTTPS)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].DNSNames
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestEveryFlagIsRead: a flag that the help of a command shows makes a difference there. The tests
// with a software TPM show it for the two flags that take effect only with a TPM.
func TestEveryFlagIsRead(t *testing.T) {
	t.Parallel()
	f := newFlagWords(t)
	rows := flagRows()
	for name, cmd := range commands() {
		t.Run("dpsdiag "+name, func(t *testing.T) {
			t.Parallel()
			checked := map[string]bool{}
			bases := map[string]flagResult{}
			for _, row := range rows[name] {
				flag, _, _ := strings.Cut(strings.TrimPrefix(row.with, "--"), " ")
				checked[flag] = true
				without, ran := bases[row.base]
				if !ran {
					without = f.run(t, name, row.base)
					if again := f.run(t, name, row.base); !cmp.Equal(without, again) {
						t.Errorf("%s: not the same twice:\n%s", row.base, cmp.Diff(without, again))
					}
					bases[row.base] = without
				}
				with := f.run(t, name, row.base+" "+row.with)
				if cmp.Equal(without, with) || strings.Contains(with.Err, "--"+flag+" needs") || strings.Contains(with.Err, "unknown flag") {
					t.Errorf("%s: --%s makes no difference: exit status %d, %s", row.base, flag, with.Status, with.Out+with.Err)
				}
			}
			own(cmd).VisitAll(func(flag *pflag.Flag) {
				if !checked[flag.Name] && flag.Name != "help" && (name != "probe" || !slices.Contains([]string{"tpm-persist", "show-ek"}, flag.Name)) {
					t.Errorf("no row shows that --%s is read", flag.Name)
				}
			})
		})
	}
}

// own are the flags that the help of a command shows besides the global ones.
func own(cmd *cobra.Command) *pflag.FlagSet { return cmd.LocalNonPersistentFlags() }
