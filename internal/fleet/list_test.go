package fleet

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/certchain/certtest"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

const goodKey = "c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSAg"

// lines are the devices of a list, one line each.
func lines(l *List) []string {
	var all []string
	for _, d := range l.Devices {
		all = append(all, fmt.Sprintf("%d %s %s", d.Line, d.RegistrationID, strings.Join(d.given(), "+")))
	}
	for _, p := range l.Problems {
		all = append(all, p.String())
	}
	return all
}

func TestReadList(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
		err  error
	}{
		"CSV":                        {"registration_id,key\na,k1\nb,k2\n", []string{"2 a key", "3 b key"}, nil},
		"CSV of Excel":               {"\xef\xbb\xbfRegistration_ID;Key_File;Site\r\na;a.key;north\r\n\r\nb;b.key;\r\n", []string{"2 a key_file", "4 b key_file"}, nil},
		"tabs, quotes, no last line": {"\"registration_id\"\tcert\tcert_key\na\t\"c.pem\"\tk.pem", []string{"2 a cert"}, nil},
		"CSV with bad lines":         {"registration_id,key\na\nb,\"k\nc,k3\nd,k4,\n", []string{"line 2: 1 field, the first line has 2", `line 3: not CSV: extraneous or missing " in quoted-field`}, nil},
		"no header":                  {"a,k1\n", nil, ErrNoHeader},
		"no devices":                 {"registration_id,key\n", nil, ErrNoDevices},
		"empty":                      {"", nil, ErrNoDevices},
		"JSON lines": {
			"{\"registration_id\":\"a\",\"key_env\":\"V\"}\n\n{\"registration_id\":\"b\",\"pkcs12\":\"b.p12\",\"key\":null}\n",
			[]string{"1 a key_env", "3 b pkcs12"},
			nil,
		},
		"JSON lines after an empty line and a blank": {"\n {\"registration_id\":\"a\"}\n", []string{"2 a "}, nil},
		"JSON lines with capitals":                   {"{\"Registration_ID\":\"a\",\"KEY\":\"k\"}\n", []string{"1 a key"}, nil},
		"JSON lines with a name twice":               {"{\"key\":\"\",\"Key\":\"k\"}\n", []string{"line 1: key is given twice"}, nil},
		"CSV after an empty line":                    {"\nregistration_id,key\na,k\n", []string{"3 a key"}, nil},
		"CSV with other columns twice":               {"registration_id,site,site\na,b,c\n", []string{"2 a "}, nil},
		"JSON lines with bad lines": {
			"{\"registration_id\":7}\n[1]\n{\"registration_id\":\"c\"\n{\"registration_id\":\"d\",\"site\":{}}\n",
			[]string{"4 d ", "line 1: registration_id is not a text", "line 2: not a JSON object", "line 3: not a JSON object"},
			nil,
		},
	} {
		list, err := ReadList(strings.NewReader(test.text))
		if !errors.Is(err, test.err) {
			t.Errorf("%s: error %v, want %v", name, err, test.err)
			continue
		}
		if err != nil {
			continue
		}
		if diff := cmp.Diff(test.want, lines(list)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAColumnTwice(t *testing.T) {
	t.Parallel()
	_, err := ReadList(strings.NewReader("registration_id,key,Key\na,k,\n"))
	if twice, ok := errors.AsType[*TwiceError](err); !ok || twice.Column != "key" {
		t.Errorf("%v", err)
	}
}

func FuzzReadList(f *testing.F) {
	f.Add("registration_id,key\na,k1\n")
	f.Add("{\"registration_id\":\"a\",\"key\":\"k\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ReadList(strings.NewReader(text))
		if err != nil {
			return
		}
		list.Check(&Credentials{LookupEnv: func(string) (string, bool) { return "", false }, ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist }}, probe.NewHTTPS(), probe.ModeRegister)
		for i := range list.Devices {
			if list.Devices[i].Line < 1 {
				t.Errorf("line %d", list.Devices[i].Line)
			}
		}
	})
}

func keyPEM(t *testing.T, issued certtest.Issued) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(issued.Key)
	if err != nil {
		t.Fatal(err)
	}
	return string(certtest.PEM("PRIVATE KEY", der))
}

// Every line that cannot be probed is named, and no credential.
func TestCheckNamesEveryBadLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	own, other := certtest.Issue(t, "good-4", nil, nil), certtest.Issue(t, "other", nil, nil)
	for name, content := range map[string]string{
		"good.key": goodKey + "\n", "empty.key": "\n", "bad.key": "not base64 !",
		"cert.pem": string(certtest.PEM("CERTIFICATE", own.Cert.Raw)), "cert-key.pem": keyPEM(t, own), "other-key.pem": keyPEM(t, other),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Join([]string{
		"registration_id,key,key_file,key_env,cert,cert_key,pkcs12",
		"good-1," + goodKey + ",,,,,",
		"good-2,,good.key,,,,",
		"good-3,,,GOOD,,,",
		"good-4,,,,cert.pem,cert-key.pem,",
		"," + goodKey + ",,,,,",
		"bad id," + goodKey + ",,,,,",
		"GOOD-1," + goodKey + ",,,,,",
		"bad-1," + goodKey + ",good.key,,,,",
		"bad-2,,,,,,",
		"bad-3,c2hvcnQ,,,,,",
		"bad-4,,none.key,,,,",
		"bad-5,,empty.key,,,,",
		"bad-6,,bad.key,,,,",
		"bad-7,,,MISSING,,,",
		"bad-8,,,,cert.pem,,",
		"bad-9,,,,cert.pem,other-key.pem,",
		"bad-10,,,,good.key,cert-key.pem,",
		"bad-11,,,,,,cert.pem",
		"bad-12",
	}, "\n")
	list, err := ReadList(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := &Credentials{Dir: dir, ReadFile: os.ReadFile, LookupEnv: func(name string) (string, bool) { return goodKey, name == "GOOD" }}
	got := map[int]string{}
	for _, p := range list.Check(c, probe.NewHTTPS(), probe.ModeRegister) {
		got[p.Line] = p.Text
		if strings.Contains(p.Text, goodKey) || strings.Contains(p.Text, "c2hvcnQ") {
			t.Errorf("a key is in %q", p.Text)
		}
	}
	want := map[int]string{
		6: "no registration_id", 7: "registration_id: ", 8: `registration_id "GOOD-1": line 2 has it already`,
		9: "key and key_file are two credentials", 10: "no credential", 11: "key: ", 12: `key_file "none.key": no such file or directory`,
		13: `key_file "empty.key": it is empty`, 14: "key_file: ", 15: `key_env: there is no environment variable "MISSING"`,
		16: "cert_key is missing", 17: `cert_key "other-key.pem": the private key does not belong`, 18: `cert "good.key": `, 19: `pkcs12 "cert.pem": `,
		20: "1 field, the first line has 7",
	}
	for line := 2; line <= 20; line++ {
		if text, bad := got[line]; bad != (want[line] != "") || !strings.HasPrefix(text, want[line]) {
			t.Errorf("line %d: %q, want %q", line, text, want[line])
		}
	}
	key, err := dps.ParseKey(dps.NewSecret(goodKey))
	if err != nil {
		t.Fatal(err)
	}
	c.GroupKey = &key
	for _, p := range list.Check(c, probe.NewHTTPS(), probe.ModeRegister) {
		if p.Line == 10 {
			t.Errorf("with a group key: %v", p)
		}
	}
	if p := list.Check(c, probe.NewMQTT(), probe.ModeLookup); len(p) != len(list.Devices)+len(list.Problems) {
		t.Errorf("lookup over MQTT: %d problems", len(p))
	}
}
