package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/service"
)

// serviceOptions are the flags by which the service's side is read.
type serviceOptions struct {
	env, host, tokenEnv    string
	enrollments            []string
	instance, certificates string
}

func (o *serviceOptions) flags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("service", pflag.ContinueOnError)
	flags.StringVar(&o.env, "service-env", "", "environment variable `VAR` with the connection string of a shared access policy that may read enrollments and registration states; only reads are sent")
	flags.StringVar(&o.host, "service-host", "", "service `HOST` of the instance, NAME.azure-devices-provisioning.net; needs --service-token-env")
	flags.StringVar(&o.tokenEnv, "service-token-env", "", "environment variable `VAR` with a bearer token for --service-host: az account get-access-token --resource https://azure-devices-provisioning.net --query accessToken -o tsv")
	flags.StringArrayVar(&o.enrollments, "enrollment", nil, "`FILE` with the output of az iot dps enrollment show --show-keys or az iot dps enrollment-group show --show-keys, instead of the service API; may be repeated")
	flags.StringVar(&o.instance, "instance", "", "`FILE` with the output of az iot dps show: id scope, linked hubs, network access")
	flags.StringVar(&o.certificates, "certificates", "", "`FILE` with the output of az iot dps certificate list: whether CA certificates are verified")
	return flags
}

// api reports whether the service is asked.
func (o *serviceOptions) api() bool { return o.env != "" || o.host != "" || o.tokenEnv != "" }

// given reports whether the service's side is read at all.
func (o *serviceOptions) given() bool {
	return o.api() || len(o.enrollments) > 0 || o.instance != "" || o.certificates != ""
}

// source reads the service's side of one device. Files and the credential have been checked.
type source struct {
	client *inspect.Client // nil with files alone
	// files has the content of the files that were given; read adds it to what the API returns.
	files   inspect.Held
	secrets []dps.Secret
	budget  time.Duration
}

// check reads the files and the credential; nil if the service's side was not asked for.
// What is wrong with one is a usage error.
func (o *serviceOptions) check(a *app, id string, roots *x509.CertPool, choose proxy.Func) (*source, error) {
	if !o.given() {
		return nil, nil
	}
	s := &source{budget: inspect.DefaultBudget}
	for _, path := range o.enrollments {
		if err := o.add("--enrollment", path, func(data []byte) error { return s.files.AddEnrollment(data, id) }); err != nil {
			return nil, err
		}
	}
	if o.instance != "" {
		if err := o.add("--instance", o.instance, s.files.AddInstance); err != nil {
			return nil, err
		}
	}
	if o.certificates != "" {
		if err := o.add("--certificates", o.certificates, s.files.AddCertificates); err != nil {
			return nil, err
		}
	}
	if !o.api() {
		return s, nil
	}
	if len(o.enrollments) > 0 {
		return nil, usagef("leave one of them out: the service API shows the enrollment itself", "--enrollment and %s both give the enrollment", o.apiFlag())
	}
	host, credential, err := o.credential(a, s)
	if err != nil {
		return nil, err
	}
	s.secrets = append(s.secrets, credential)
	s.client = &inspect.Client{Host: host, Credential: credential, Transport: serviceTransport(roots, choose), Now: a.now}
	return s, nil
}

// apiFlag is the flag that asks for the service API.
func (o *serviceOptions) apiFlag() string {
	if o.env != "" {
		return "--service-env"
	}
	return "--service-host"
}

// add reads a file of az.
func (o *serviceOptions) add(flag, path string, add func([]byte) error) error {
	data, err := readPrinted(flag, path)
	if err != nil {
		return err
	}
	if problem, ok := errors.AsType[*inspect.FileError](add(data)); ok {
		return usagef(problem.Hint, "%s %q %s", flag, path, problem.Problem)
	}
	return nil
}

// policyTokenLife is how long a token of a policy is valid: longer than any reading takes.
const policyTokenLife = 30 * time.Minute

// credential returns the host of the service API and what authorizes the reads.
func (o *serviceOptions) credential(a *app, s *source) (host string, credential dps.Secret, err error) {
	switch {
	case o.env != "" && o.host+o.tokenEnv != "":
		return "", credential, usagef("leave one of them out", "--service-env and --service-host both name the service")
	case o.env == "" && (o.host == "" || o.tokenEnv == ""):
		return "", credential, usagef("give both, or --service-env alone", "--service-host and --service-token-env belong together")
	case o.env != "":
		return o.policy(a, s)
	}
	token, err := a.secretFromEnv("--service-token-env", o.tokenEnv)
	if err != nil {
		return "", credential, err
	}
	if host, err = checkServiceHost(o.host); err != nil {
		return "", credential, err
	}
	text := strings.TrimSpace(token.Reveal())
	if err := checkBearer(strings.TrimPrefix(text, "Bearer "), a.now()); err != nil {
		return "", credential, err
	}
	s.secrets = append(s.secrets, dps.NewSecret(strings.TrimPrefix(text, "Bearer ")))
	return host, dps.NewSecret("Bearer " + strings.TrimPrefix(text, "Bearer ")), nil
}

// policy reads the connection string of a policy.
func (o *serviceOptions) policy(a *app, s *source) (host string, credential dps.Secret, err error) {
	text, err := a.secretFromEnv("--service-env", o.env)
	if err != nil {
		return "", credential, err
	}
	policy, err := service.ParseConnectionString(text)
	if err != nil {
		return "", credential, usagef("az iot dps connection-string show --dps-name NAME --policy-name POLICY prints it", "--service-env %q: %v", o.env, err)
	}
	s.secrets = append(s.secrets, text, policy.Key.Text())
	return policy.Host, policy.Token(a.now().Add(policyTokenLife)), nil
}

// checkServiceHost checks the value of --service-host, with a port if that is not 443.
func checkServiceHost(text string) (string, error) {
	const hint = "the overview page of the instance shows it as service endpoint, NAME.azure-devices-provisioning.net"
	endpoint, err := dps.ParseEndpoint(text)
	if err != nil {
		return "", usagef(hint, "--service-host: %v", err)
	}
	if dps.IsHubHost(endpoint.Host) {
		return "", usagef(hint, "--service-host: %q is the host of an IoT hub", text)
	}
	for _, cloud := range dps.Clouds() {
		if strings.EqualFold(endpoint.Host, cloud.GlobalHost()) {
			return "", usagef(hint, "--service-host: %q is the global device endpoint", text)
		}
	}
	if endpoint.HTTPS == dps.PortHTTPS {
		return endpoint.Host, nil
	}
	return net.JoinHostPort(endpoint.Host, strconv.Itoa(endpoint.HTTPS)), nil
}

// checkBearer refuses what is not a bearer token, or one that has expired.
func checkBearer(text string, now time.Time) error {
	const hint = "az account get-access-token --resource https://azure-devices-provisioning.net --query accessToken -o tsv prints one"
	switch {
	case strings.HasPrefix(text, "HostName="):
		return usagef("name its variable with --service-env", "--service-token-env: this is a connection string, not a bearer token")
	case strings.HasPrefix(text, "{"):
		return usagef(hint, "--service-token-env: this is JSON, not the token in it")
	case strings.HasPrefix(text, "SharedAccessSignature"):
		return usagef("give the connection string of the policy with --service-env", "--service-token-env: this is a SAS token, not a bearer token")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return usagef(hint, "--service-token-env: this is not a bearer token: it has white space or other characters inside")
	}
	if expiry := bearerExpiry(text); !expiry.IsZero() && !expiry.After(now) {
		return usagef(hint, "--service-token-env: the token expired at %s", expiry.Format(time.RFC3339))
	}
	return nil
}

// bearerExpiry is when a bearer token expires, zero if it does not show that: then the
// service decides.
func bearerExpiry(text string) time.Time {
	var claims struct {
		Expiry float64 `json:"exp"`
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Expiry <= 0 || claims.Expiry > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expiry), 0).UTC()
}

// serviceTransport makes the connections to the service API, through the proxy if there is one.
func serviceTransport(roots *x509.CertPool, choose proxy.Func) http.RoundTripper {
	return &http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // an answer is bounded as it arrives
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialService(ctx, network, address, roots, choose)
		},
	}
}

func dialService(ctx context.Context, network, address string, roots *x509.CertPool, choose proxy.Func) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, err
	}
	if choose == nil {
		return dialer.DialContext(ctx, network, address)
	}
	p := choose(host, port).Proxy
	if p == nil {
		return dialer.DialContext(ctx, network, address)
	}
	conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(p.Host, strconv.Itoa(p.Port)))
	if err != nil {
		return nil, err
	}
	through, attempt := p.Connect(ctx, conn, address, &tls.Config{RootCAs: roots, ServerName: p.Host, MinVersion: tls.VersionTLS12, Time: time.Now})
	if attempt.Failure != nil {
		return nil, fmt.Errorf("the proxy %s: %s", p.URL(), attempt.Failure.Text)
	}
	return through, nil
}

// slowRead is how long reading may take before standard error says what it waits for.
const slowRead = 3 * time.Second

// read reads the service's side.
func (s *source) read(ctx context.Context, a *app, d inspect.Device) *inspect.Held {
	held := s.files
	if s.client != nil {
		defer a.sayIfSlow(slowRead, "reading from %s", s.client.Host)()
		ctx, cancel := context.WithTimeout(ctx, s.budget)
		defer cancel()
		held = *s.client.Read(ctx, d.ID, d.Kind)
		held.Instance, held.Certificates = s.files.Instance, s.files.Certificates
	} else {
		held.Source, held.ReadAt = inspect.SourceFiles, a.now().UTC()
	}
	return &held
}

// inspect reads the service's side and compares it with the device.
func (s *source) inspect(ctx context.Context, a *app, d inspect.Device) *inspect.Findings {
	held := s.read(ctx, a, d)
	d.Now, d.Secrets = a.now(), slices.Concat(d.Secrets, s.secrets)
	return inspect.Compare(held, d)
}

// inspected is what is known of a device for a comparison with the service's side.
func (d *device) inspected() inspect.Device {
	out := inspect.Device{ID: d.registrationID, Scope: d.scope, Host: d.endpoint.Host}
	target := probe.Target{Scope: d.scope, RegistrationID: d.registrationID}
	if d.chain != nil {
		out.Kind, out.Chain = service.AttestationX509, d.chain
		return out
	}
	switch held := d.attestation.(type) {
	case probe.KeyHolder:
		out.Kind = service.AttestationSymmetricKey
		out.SignsWith, out.GivenGroupKey, out.Secrets = held.SignsWith(target), held.GivenGroupKey(), held.KeySecrets(target)
	case probe.ChainHolder:
		out.Kind, out.Chain = service.AttestationX509, held.Certificates()
	case probe.EndorsementKeyHolder:
		out.Kind, out.EndorsementKey = service.AttestationTPM, held.EndorsementKey()
	}
	return out
}
