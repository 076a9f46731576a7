package inspect

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/certchain/certtest"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

func key(t *testing.T, text string) dps.Key {
	t.Helper()
	k, err := dps.ParseKey(dps.NewSecret(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// side is what the files of a test hold.
type side struct{ enrollments, instance, certificates []string }

func (s side) held(t *testing.T, id string) *Held {
	t.Helper()
	h := &Held{Source: SourceFiles}
	for _, text := range s.enrollments {
		if err := h.AddEnrollment([]byte(text), id); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range s.instance {
		if err := h.AddInstance([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range s.certificates {
		if err := h.AddCertificates([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func individual(attestation, more string) string {
	return `{"registrationId":"dev-01","attestation":` + attestation + more + `}`
}

func group(name, attestation string) string {
	return `{"enrollmentGroupId":"` + name + `","attestation":` + attestation + `}`
}

func instanceOf(more string) string {
	return `{"name":"contoso","properties":{"idScope":"0ne00000001","serviceOperationsHostName":"contoso.azure-devices-provisioning.net","deviceProvisioningHostName":"global.azure-devices-provisioning.net","state":"Active"` + more + `}}`
}

const oneHub = `,"iotHubs":[{"name":"hub1.azure-devices.net","location":"westeurope"}]`

// TestCompare has a row for every result that a check can have.
func TestCompare(t *testing.T) {
	t.Parallel()
	a, b := key(t, keyA), key(t, keyB)
	root := certtest.Issue(t, "root", nil, certtest.CA)
	twin := certtest.Issue(t, "root", nil, certtest.CA) // the same name, another key
	intermediate := certtest.Issue(t, "intermediate", &root, certtest.CA)
	leaf := certtest.Issue(t, "dev-01", &intermediate, nil)
	former := certtest.Issue(t, "dev-01", &intermediate, nil)
	old := certtest.Issue(t, "dev-01", &intermediate, func(c *x509.Certificate) { c.NotAfter = certtest.Now().AddDate(0, 0, -1) })
	early := certtest.Issue(t, "dev-01", &intermediate, func(c *x509.Certificate) { c.NotBefore = certtest.Now().AddDate(0, 0, 1) })
	oldRoot := certtest.Issue(t, "old root", nil, func(c *x509.Certificate) {
		certtest.CA(c)
		c.NotAfter = certtest.Now().AddDate(0, 0, -1)
	})

	info := func(c *x509.Certificate) string {
		b, err := json.Marshal(service.X509CertificateInfo{
			SubjectName: c.Subject.String(), IssuerName: c.Issuer.String(), SHA1Thumbprint: strings.ToUpper(sha1Of(c)),
			SHA256Thumbprint: strings.ToUpper(sha256Of(c)), NotAfter: c.NotAfter.Format("2006-01-02T15:04:05Z"), Version: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	client := func(c certtest.Issued) string {
		return `{"type":"x509","x509":{"clientCertificates":{"primary":{"info":` + info(c.Cert) + `}}}}`
	}
	signing := func(c certtest.Issued) string {
		return `{"type":"x509","x509":{"signingCertificates":{"primary":{"info":` + info(c.Cert) + `}}}}`
	}
	pair := func(which string, primary, secondary certtest.Issued) string {
		return `{"type":"x509","x509":{"` + which + `":{"primary":{"info":` + info(primary.Cert) + `},"secondary":{"info":` + info(secondary.Cert) + `}}}}`
	}
	signingWith := func(c certtest.Issued) string {
		return `{"type":"x509","x509":{"signingCertificates":{"primary":{"certificate":"` + base64.StdEncoding.EncodeToString(certtest.PEM("CERTIFICATE", c.Cert.Raw)) + `"}}}}`
	}
	listed := func(c certtest.Issued, verified bool) string {
		return fmt.Sprintf(`{"value":[{"name":"ca-1","properties":{"subject":"root","thumbprint":"%s","isVerified":%v,"certificate":"%s"}}]}`,
			strings.ToUpper(sha1Of(c.Cert)), verified, base64.StdEncoding.EncodeToString(c.Cert.Raw))
	}
	const refs = `{"type":"x509","x509":{"caReferences":{"primary":"ca-1"}}}`
	const symmetric = `{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + keyA + `","secondaryKey":"` + keyB + `"}}`
	const primaryOnly = `{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + keyA + `","secondaryKey":"` + keyA + `"}}`
	tpm := func(ek []byte) string {
		return `{"type":"tpm","tpm":{"endorsementKey":"` + base64.StdEncoding.EncodeToString(ek) + `"}}`
	}
	withKey := func(k dps.Key) Device {
		return Device{ID: "dev-01", Kind: service.AttestationSymmetricKey, SignsWith: k.Equal}
	}
	withChain := func(certs ...certtest.Issued) Device {
		d := Device{ID: "dev-01", Kind: service.AttestationX509}
		for _, c := range certs {
			d.Chain = append(d.Chain, c.Cert)
		}
		return d
	}
	one := func(text ...string) side { return side{enrollments: text} }
	plain := withKey(a)
	custom := func(webhook string) side {
		return one(individual(symmetric, `,"allocationPolicy":"custom","customAllocationDefinition":{"webhookUrl":"`+webhook+`","apiVersion":"2019-03-31"}`))
	}
	hubs := func(enrollment, instance string) side {
		return side{enrollments: []string{individual(symmetric, enrollment)}, instance: []string{instanceOf(instance)}}
	}
	state := func(more, instance string) side {
		s := one(individual(symmetric, `,"lastUpdatedDateTimeUtc":"2026-05-01T00:00:00Z","registrationState":{"registrationId":"dev-01",`+more+`}`))
		if instance != "" {
			s.instance = []string{instanceOf(instance)}
		}
		return s
	}
	scope := func(text string) Device { d := plain; d.Scope = text; return d }
	host := func(text string) Device { d := plain; d.Host = text; return d }

	for name, test := range map[string]struct {
		side   side
		device Device
		check  CheckID
		want   Result
	}{
		"individual":                    {one(individual(symmetric, "")), plain, CheckEnrollment, EnrolledIndividually},
		"group":                         {one(group("g", symmetric)), withKey(a.Derive("dev-01")), CheckEnrollment, EnrolledInGroup},
		"two groups":                    {one(group("g", symmetric), group("h", symmetric)), withKey(a.Derive("dev-01")), CheckEnrollment, EnrolledTwice},
		"no group by key":               {one(group("g", primaryOnly), group("h", primaryOnly)), withKey(b), CheckEnrollment, NotCompared},
		"no group by chain":             {one(group("g", signing(twin)), group("h", signing(former))), withChain(leaf, intermediate), CheckEnrollment, EnrolledInGroup},
		"no group of that CA":           {one(group("g", signing(former)), group("h", signing(oldRoot))), withChain(leaf, intermediate), CheckEnrollment, NotCompared},
		"no group, leaf alone":          {one(group("g", signing(root)), group("h", signing(oldRoot))), withChain(leaf), CheckEnrollment, NotCompared},
		"no enrollment given":           {side{instance: []string{instanceOf(oneHub)}}, plain, CheckEnrollment, NotRead},
		"which group":                   {one(group("g", symmetric), group("h", symmetric)), Device{ID: "dev-01"}, CheckEnrollment, NotCompared},
		"enabled":                       {one(individual(symmetric, `,"provisioningStatus":"enabled"`)), plain, CheckStatus, StatusEnabled},
		"disabled":                      {one(individual(symmetric, `,"provisioningStatus":"disabled"`)), plain, CheckStatus, StatusDisabled},
		"attestation":                   {one(individual(symmetric, "")), plain, CheckAttestation, AttestationSame},
		"other attestation":             {one(individual(client(leaf), "")), plain, CheckAttestation, AttestationOther},
		"other group attestation":       {one(group("g", signing(root))), plain, CheckAttestation, AttestationOther},
		"primary key":                   {one(individual(symmetric, "")), plain, CheckKey, KeyPrimary},
		"secondary key":                 {one(individual(symmetric, "")), withKey(b), CheckKey, KeySecondary},
		"derived key":                   {one(group("g", symmetric)), withKey(b.Derive("dev-01")), CheckKey, KeyDerived},
		"group's own key":               {one(group("g", symmetric)), withKey(b), CheckKey, KeyOfGroupItself},
		"derived in upper case":         {one(group("g", symmetric)), withKey(a.Derive("DEV-01")), CheckKey, KeyMisderived},
		"derived with newline":          {one(group("g", symmetric)), withKey(a.Derive("dev-01\n")), CheckKey, KeyMisderived},
		"derived of group name":         {one(group("g", symmetric)), withKey(a.Derive("g")), CheckKey, KeyMisderived},
		"derived twice":                 {one(group("g", symmetric)), withKey(a.Derive("dev-01").Derive("dev-01")), CheckKey, KeyMisderived},
		"not decoded":                   {one(group("g", symmetric)), withKey(dps.NewKey([]byte(keyA)).Derive("dev-01")), CheckKey, KeyMisderived},
		"derived individual":            {one(individual(symmetric, "")), withKey(a.Derive("dev-01")), CheckKey, KeyMisderived},
		"other key":                     {one(individual(primaryOnly, "")), withKey(b), CheckKey, KeyOther},
		"other group's key":             {one(group("g", primaryOnly)), withKey(b.Derive("dev-01")), CheckKey, KeyOther},
		"keys not shown":                {one(individual(`{"type":"symmetricKey"}`, "")), plain, CheckKey, NotRead},
		"key not given":                 {one(individual(symmetric, "")), Device{ID: "dev-01"}, CheckKey, NotCompared},
		"key of a TPM":                  {one(individual(tpm([]byte{1}), "")), plain, CheckKey, NotMeant},
		"certificate":                   {one(individual(client(leaf), "")), withChain(leaf), CheckCertificate, CertificateSame},
		"former certificate":            {one(individual(client(former), "")), withChain(leaf), CheckCertificate, CertificateOther},
		"chain by thumbprint":           {one(group("g", signing(intermediate))), withChain(leaf, intermediate), CheckCertificate, ChainSame},
		"chain by signature":            {one(group("g", signingWith(root))), withChain(leaf, intermediate), CheckCertificate, ChainSame},
		"chain by name":                 {one(group("g", signing(root))), withChain(leaf, intermediate), CheckCertificate, ChainByName},
		"CA with another key":           {one(group("g", signingWith(twin))), withChain(leaf, intermediate), CheckCertificate, ChainOtherKey},
		"CA by thumbprint, other":       {one(group("g", signing(twin))), withChain(leaf, intermediate, root), CheckCertificate, ChainOtherKey},
		"other CA":                      {one(group("g", signing(oldRoot))), withChain(leaf, intermediate), CheckCertificate, ChainOther},
		"leaf alone":                    {one(group("g", signing(root))), withChain(leaf), CheckCertificate, ChainMaybeIncomplete},
		"common name":                   {one(group("g", signing(root))), withChain(leaf), CheckCommonName, NameSame},
		"other common name":             {one(group("g", signing(root))), withChain(root), CheckCommonName, NameOther},
		"in date":                       {one(group("g", signing(root))), withChain(leaf, intermediate), CheckValidity, ValidityInDate},
		"expired":                       {one(group("g", signing(root))), withChain(old, intermediate), CheckValidity, ValidityExpired},
		"CA expired":                    {one(group("g", signing(oldRoot))), withChain(leaf, intermediate), CheckValidity, ValidityExpired},
		"old primary, new secondary CA": {one(group("g", pair("signingCertificates", oldRoot, intermediate))), withChain(leaf, intermediate), CheckValidity, ValidityInDate},
		"new primary, old secondary CA": {one(group("g", pair("signingCertificates", intermediate, oldRoot))), withChain(leaf, intermediate), CheckValidity, ValidityInDate},
		"old primary certificate":       {one(individual(pair("clientCertificates", old, leaf), "")), withChain(leaf), CheckValidity, ValidityInDate},
		"old primary, no match":         {one(individual(pair("clientCertificates", old, former), "")), withChain(leaf), CheckValidity, ValidityExpired},
		"not yet valid":                 {one(group("g", signing(root))), withChain(early, intermediate), CheckValidity, ValidityNotYet},
		"verified":                      {side{enrollments: []string{group("g", refs)}, certificates: []string{listed(root, true)}}, withChain(leaf, intermediate), CheckCA, CAVerified},
		"chain to a reference":          {side{enrollments: []string{group("g", refs)}, certificates: []string{listed(root, true)}}, withChain(leaf, intermediate), CheckCertificate, ChainSame},
		"not verified":                  {side{enrollments: []string{group("g", refs)}, certificates: []string{listed(root, false)}}, withChain(leaf, intermediate), CheckCA, CAUnverified},
		"CA missing":                    {side{enrollments: []string{group("g", refs)}, certificates: []string{`{"value":[]}`}}, withChain(leaf, intermediate), CheckCA, CAMissing},
		"CAs not known":                 {one(group("g", refs)), withChain(leaf, intermediate), CheckCA, NotRead},
		"endorsement key":               {one(individual(tpm([]byte{1, 2}), "")), Device{ID: "dev-01", Kind: service.AttestationTPM, EndorsementKey: []byte{1, 2}}, CheckEndorsementKey, EKSame},
		"other endorsement key":         {one(individual(tpm([]byte{1, 3}), "")), Device{ID: "dev-01", Kind: service.AttestationTPM, EndorsementKey: []byte{1, 2}}, CheckEndorsementKey, EKOther},

		"same instance":       {hubs("", oneHub), host("contoso.azure-devices-provisioning.net"), CheckInstance, InstanceSame},
		"other instance":      {hubs("", oneHub), host("fabrikam.azure-devices-provisioning.net"), CheckInstance, InstanceOther},
		"global endpoint":     {hubs("", oneHub), host("global.azure-devices-provisioning.net"), CheckInstance, InstanceSame},
		"instance suspended":  {side{instance: []string{strings.Replace(instanceOf(oneHub), "Active", "Suspended", 1)}}, plain, CheckInstance, InstanceInactive},
		"same scope":          {hubs("", oneHub), scope("0ne00000001"), CheckIDScope, ScopeSame},
		"other scope":         {hubs("", oneHub), scope("0neFFFFFFFF"), CheckIDScope, ScopeOther},
		"open":                {hubs("", oneHub), plain, CheckNetwork, NetworkOpen},
		"closed":              {hubs("", oneHub+`,"publicNetworkAccess":"Disabled"`), plain, CheckNetwork, NetworkClosed},
		"filtered":            {hubs("", oneHub+`,"ipFilterRules":[{"filterName":"a","action":"Accept","ipMask":"192.0.2.0/24","target":"deviceApi"}]`), plain, CheckNetwork, NetworkFiltered},
		"filtered for people": {hubs("", oneHub+`,"ipFilterRules":[{"filterName":"a","action":"Accept","ipMask":"192.0.2.0/24","target":"serviceApi"}]`), plain, CheckNetwork, NetworkOpen},
		"policies":            {hubs("", oneHub), plain, CheckLocalAuth, LocalAuthOn},
		"no policies":         {hubs("", oneHub+`,"disableLocalAuth":true`), plain, CheckLocalAuth, LocalAuthOff},

		"usual allocation":    {hubs(`,"allocationPolicy":"hashed"`, oneHub), plain, CheckAllocation, AllocationUsable},
		"custom, no webhook":  {hubs(`,"allocationPolicy":"custom"`, oneHub), plain, CheckAllocation, AllocationIncomplete},
		"webhook":             {custom("https://f.azurewebsites.net/api/x?code=secret-of-webhook"), plain, CheckWebhook, WebhookUsable},
		"webhook, no key":     {custom("https://f.azurewebsites.net/api/x"), plain, CheckWebhook, WebhookNoKey},
		"webhook, plain":      {custom("http://f.example/x?code=secret-of-webhook"), plain, CheckWebhook, WebhookInvalid},
		"hubs":                {hubs("", oneHub), plain, CheckHubs, HubsUsable},
		"no hub":              {hubs("", `,"iotHubs":[]`), plain, CheckHubs, HubsNone},
		"no hub takes part":   {hubs("", `,"iotHubs":[{"name":"h.azure-devices.net","applyAllocationPolicy":false}]`), plain, CheckHubs, HubsNone},
		"weight 0":            {hubs("", `,"iotHubs":[{"name":"h.azure-devices.net","allocationWeight":0}]`), plain, CheckHubs, HubsWeightless},
		"hub not linked":      {hubs(`,"iotHubs":["gone.azure-devices.net"]`, oneHub), plain, CheckHubs, HubsUnlinked},
		"some not linked":     {hubs(`,"iotHubs":["gone.azure-devices.net","HUB1.azure-devices.net"]`, oneHub), plain, CheckHubs, HubsSome},
		"static hub gone":     {hubs(`,"iotHubHostName":"gone.azure-devices.net","allocationPolicy":"static"`, oneHub), plain, CheckHubs, HubsUnlinked},
		"reprovisioned":       {one(individual(symmetric, `,"reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":false}`)), plain, CheckReprovisioning, ReprovisioningUsual},
		"never":               {one(individual(symmetric, `,"reprovisionPolicy":{"updateHubAssignment":false,"migrateDeviceData":false}`)), plain, CheckReprovisioning, ReprovisioningNever},
		"twin":                {one(individual(symmetric, `,"initialTwin":{"tags":{"a":1}}`)), plain, CheckTwin, TwinFits},
		"printed with blanks": {one(individual(symmetric, `,"initialTwin":{"tags":{"a":`+strings.Repeat(" ", 9<<10)+`1}}`)), plain, CheckTwin, TwinFits},
		"large twin":          {one(individual(symmetric, `,"initialTwin":{"tags":{"a":"`+strings.Repeat("x", 9<<10)+`"}}`)), plain, CheckTwin, TwinLarge},

		"assigned":         {state(`"status":"assigned","assignedHub":"hub1.azure-devices.net"`, oneHub), plain, CheckRegistration, RegistrationAssigned},
		"hub gone":         {state(`"status":"assigned","assignedHub":"gone.azure-devices.net"`, oneHub), plain, CheckRegistration, RegistrationHubGone},
		"assigning":        {state(`"status":"assigning"`, ""), plain, CheckRegistration, RegistrationPending},
		"failed":           {state(`"status":"failed","errorCode":400207,"lastUpdatedDateTimeUtc":"2026-05-02T00:00:00Z"`, ""), plain, CheckRegistration, RegistrationFailed},
		"failed before":    {state(`"status":"failed","errorCode":400207,"lastUpdatedDateTimeUtc":"2026-04-02T00:00:00Z"`, ""), plain, CheckRegistration, RegistrationOutdated},
		"disabled then":    {state(`"status":"disabled"`, ""), plain, CheckRegistration, RegistrationOutdated},
		"disabled still":   {one(individual(symmetric, `,"provisioningStatus":"disabled","registrationState":{"status":"disabled"}`)), plain, CheckRegistration, RegistrationDisabled},
		"unknown state":    {state(`"status":"blue"`, ""), plain, CheckRegistration, NotRead},
		"no state in file": {one(individual(symmetric, "")), plain, CheckRegistration, NotRead},
	} {
		d := test.device
		d.Now = certtest.Now()
		f := Compare(test.side.held(t, "dev-01"), d)
		got := f.Find(test.check)
		if got.Result != test.want {
			t.Errorf("%s: %s is %s (%s), want %s", name, test.check, got.Result, got.Detail, test.want)
		}
		if text := fmt.Sprintf("%+v", f); strings.Contains(text, "secret-of-webhook") || strings.Contains(text, keyA) || strings.Contains(text, keyB) {
			t.Errorf("%s: a secret is in %s", name, text)
		}
		ids := make([]CheckID, 0, len(f.Checks))
		for _, c := range f.Checks {
			ids = append(ids, c.ID)
			if c.Detail == "" || c.Outcome == "" {
				t.Errorf("%s: %+v says nothing", name, c)
			}
		}
		if slices.Sort(ids); len(slices.Compact(ids)) != len(checks()) {
			t.Errorf("%s: the checks are %v", name, ids)
		}
	}
}

// TestFiles: what is not output of the right command is refused, with what to do.
func TestFiles(t *testing.T) {
	t.Parallel()
	instance := instanceOf(oneHub)
	enrollment := individual(`{"type":"symmetricKey"}`, "")
	list := "[" + enrollment + "]"
	const certificates = `{"value":[{"name":"a","properties":{"isVerified":true}}]}`
	for name, test := range map[string]struct {
		add  func(*Held, []byte) error
		text string
		want string
	}{
		"instance as enrollment":    {addDevice, instance, "is the description of an instance"},
		"list as enrollment":        {addDevice, list, "is a list, not a single record"},
		"another device":            {addDevice, strings.Replace(enrollment, "dev-01", "dev-02", 1), `is the enrollment of "dev-02", not of "dev-01"`},
		"state":                     {addDevice, `{"registrationId":"dev-01","status":"assigned"}`, "is the state of a registration"},
		"mechanism":                 {addDevice, keys, "is an attestation alone"},
		"error of az":               {addDevice, "ERROR: not found", "is an error message of az"},
		"connection string":         {addDevice, "HostName=a;SharedAccessKeyName=b;SharedAccessKey=c", "is a connection string"},
		"PEM":                       {addDevice, "-----BEGIN CERTIFICATE-----", "is a PEM file"},
		"no JSON":                   {addDevice, "registrationId: dev-01", "is not JSON"},
		"wrong type":                {addDevice, `{"registrationId":"dev-01","attestation":[]}`, "but attestation is of the wrong type (array)"},
		"enrollment as instance":    {(*Held).AddInstance, enrollment, "is an individual enrollment"},
		"hub as instance":           {(*Held).AddInstance, `{"name":"h","properties":{"hostName":"h.azure-devices.net"}}`, "is the description of an IoT hub"},
		"number as instance":        {(*Held).AddInstance, `17`, "is other JSON"},
		"instance as certificates":  {(*Held).AddCertificates, instance, "is the description of an instance"},
		"one certificate":           {(*Held).AddCertificates, `{"name":"a","properties":{"isVerified":true}}`, "is a single certificate"},
		"certificates as instance":  {(*Held).AddInstance, certificates, "is the certificates of an instance"},
		"enrollments as certifates": {(*Held).AddCertificates, list, "is a list"},
	} {
		h := &Held{Source: SourceFiles}
		err := test.add(h, []byte(test.text))
		problem, ok := err.(*FileError) //nolint:errorlint // it is returned as it is
		if !ok || !strings.Contains(problem.Problem, test.want) || problem.Hint == "" {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if h.Individual != nil || h.Instance != nil || h.Certificates != nil || h.Groups != nil {
			t.Errorf("%s: something was taken", name)
		}
	}
	h := &Held{Source: SourceFiles}
	for _, text := range []string{certificates, `[{"name":"a","properties":{"isVerified":true}}]`, `{"value":[]}`, `[]`} {
		if err := h.AddCertificates([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func addDevice(h *Held, data []byte) error { return h.AddEnrollment(data, "dev-01") }

// FuzzFiles: a file of any content is taken or refused with what to do, and what was taken can be
// compared.
func FuzzFiles(f *testing.F) {
	for _, seed := range []string{
		individual(`{"type":"symmetricKey","symmetricKey":{"primaryKey":"`+keyA+`"}}`, ""), group("g", `{"type":"x509","x509":{"caReferences":{"primary":"ca"}}}`),
		instanceOf(oneHub), `{"value":[{"name":"ca","properties":{"isVerified":false,"certificate":"AAAA","thumbprint":"00"}}]}`, "[]", "ERROR: x", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := &Held{Source: SourceFiles}
		for _, err := range []error{h.AddEnrollment(data, "dev-01"), h.AddInstance(data), h.AddCertificates(data)} {
			if problem, ok := err.(*FileError); err != nil && (!ok || problem.Problem == "" || problem.Hint == "") { //nolint:errorlint // it is returned as it is
				t.Errorf("%#v", err)
			}
		}
		for _, kind := range []service.AttestationType{"", service.AttestationSymmetricKey, service.AttestationX509, service.AttestationTPM} {
			for _, check := range Compare(h, Device{ID: "dev-01", Kind: kind, Now: certtest.Now()}).Checks {
				if check.Detail == "" || check.Result == "" {
					t.Errorf("%+v", check)
				}
			}
		}
	})
}

// TestMaybeOther: the API of an instance shows nothing about the device's instance, unless the device uses
// its endpoint, its id scope is known, or a key is the device's.
func TestMaybeOther(t *testing.T) {
	t.Parallel()
	right, wrong := key(t, keyA), key(t, keyB)
	held := func(source Source) *Held {
		h := &Held{Source: source, Host: "contoso.azure-devices-provisioning.net", Reads: 1}
		h.Individual = &Enrollment{Name: "dev-01", Settings: service.Settings{Attestation: service.AttestationMechanism{
			Type: service.AttestationSymmetricKey, SymmetricKey: &service.SymmetricKeyAttestation{PrimaryKey: right.Text(), SecondaryKey: right.Text()},
		}}}
		return h
	}
	device := func(k dps.Key, host, scope string) Device {
		return Device{ID: "dev-01", Scope: scope, Host: host, Kind: service.AttestationSymmetricKey, SignsWith: k.Equal}
	}
	const global, own, scope = "global.azure-devices-provisioning.net", "contoso.azure-devices-provisioning.net", "0ne00A0B0C0"
	described := held(SourceAPI)
	described.Instance = &service.Instance{Name: "contoso", Properties: service.InstanceProperties{IDScope: scope}}
	for name, test := range map[string]struct {
		held   *Held
		device Device
		want   bool
	}{
		"another key":                       {held(SourceAPI), device(wrong, global, scope), true},
		"another key, no endpoint":          {held(SourceAPI), device(wrong, "", ""), true},
		"the key":                           {held(SourceAPI), device(right, global, scope), false},
		"its own endpoint":                  {held(SourceAPI), device(wrong, own, scope), false},
		"the same id scope":                 {described, device(wrong, global, scope), false},
		"described, no id scope to compare": {described, device(wrong, global, ""), false},
		"files that the user chose":         {held(SourceFiles), device(wrong, global, scope), false},
	} {
		if got := Compare(test.held, test.device).MaybeOther; got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestNoGroupMatches: that no group matches is the reason only if it is known that there is no
// individual enrollment either. Files with groups alone do not show that.
func TestNoGroupMatches(t *testing.T) {
	t.Parallel()
	ca := certtest.Issue(t, "root", nil, certtest.CA)
	leaf := certtest.Issue(t, "dev-01", &ca, nil)
	const symmetric = `{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + keyA + `"}}`
	const other = `{"type":"x509","x509":{"signingCertificates":{"primary":{"info":{"subjectName":"CN=another","sha1Thumbprint":"AA"}}}}}`
	for name, test := range map[string]struct {
		attestation string
		device      Device
		want        Result
	}{
		"key":           {symmetric, Device{Kind: service.AttestationSymmetricKey, SignsWith: key(t, keyB).Equal}, KeyOfNoGroup},
		"leaf alone":    {other, Device{Kind: service.AttestationX509, Chain: []*x509.Certificate{leaf.Cert}}, LeafToNoGroup},
		"chain":         {other, Device{Kind: service.AttestationX509, Chain: []*x509.Certificate{leaf.Cert, ca.Cert}}, ChainToNoGroup},
		"no such group": {other, Device{Kind: service.AttestationSymmetricKey, SignsWith: key(t, keyB).Equal}, EnrolledNowhereHere},
		"TPM":           {other, Device{Kind: service.AttestationTPM}, EnrolledNowhereHere},
	} {
		d := test.device
		d.ID, d.Now = "dev-01", certtest.Now()
		files := side{enrollments: []string{group("g", test.attestation), group("h", test.attestation)}}.held(t, d.ID)
		if got := Compare(files, d).Find(CheckEnrollment); got.Result != NotCompared || got.Outcome != Skipped || !strings.Contains(got.Detail, "the files do not show") {
			t.Errorf("%s, files: %+v", name, got)
		}
		asked := *files
		asked.Source, asked.NoIndividual, asked.AllGroups, asked.Reads = SourceAPI, true, true, 2
		if got := Compare(&asked, d).Find(CheckEnrollment); got.Result != test.want || got.Outcome != Failed || !strings.HasPrefix(got.Detail, "there is no individual enrollment") {
			t.Errorf("%s, service: %+v", name, got)
		}
	}
}
