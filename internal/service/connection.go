package service

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// ConnectionString is a parsed connection string: the credential of a shared access policy of a
// Device Provisioning Service instance.
type ConnectionString struct {
	// Host is the instance's service host, with a port if the text has one.
	Host string
	// Policy is the name of the shared access policy.
	Policy string
	Key    dps.Key
}

// Names of the parts of a connection string (azure-iot-sdk-csharp
// provisioning/service/src/Auth/ServiceConnectionStringBuilder.cs).
const (
	hostPart   = "HostName"
	policyPart = "SharedAccessKeyName"
	keyPart    = "SharedAccessKey"
)

// connectionForm is the expected form of a connection string, for error messages.
const connectionForm = "HostName=NAME.azure-devices-provisioning.net;SharedAccessKeyName=POLICY;SharedAccessKey=KEY"

// ParseConnectionString parses the connection string of a policy. Parts may be in any order
// and letter case. If the text is something else, such as a token, the error says what it is. No
// error contains the key.
func ParseConnectionString(text dps.Secret) (ConnectionString, error) {
	trimmed := strings.TrimSpace(text.Reveal())
	if err := otherText(trimmed); err != nil {
		return ConnectionString{}, err
	}
	parts, err := splitParts(trimmed)
	if err != nil {
		return ConnectionString{}, err
	}
	if err := otherService(parts); err != nil {
		return ConnectionString{}, err
	}
	for _, name := range []string{hostPart, policyPart, keyPart} {
		if parts[strings.ToLower(name)] == "" {
			return ConnectionString{}, fmt.Errorf("the connection string has no %s; its form is %s", name, connectionForm)
		}
	}
	host := parts[strings.ToLower(hostPart)]
	if err := checkHost(host); err != nil {
		return ConnectionString{}, err
	}
	key, err := dps.ParseKey(dps.NewSecret(parts[strings.ToLower(keyPart)]))
	if err != nil {
		return ConnectionString{}, fmt.Errorf("%s of the connection string: %w", keyPart, err)
	}
	return ConnectionString{Host: host, Policy: parts[strings.ToLower(policyPart)], Key: key}, nil
}

// otherText returns an error if the text is something that people often give instead of a
// connection string.
func otherText(text string) error {
	switch {
	case text == "":
		return errors.New("the connection string is empty")
	case strings.HasPrefix(text, "SharedAccessSignature "):
		return errors.New("this is a SAS token, not a connection string")
	case strings.HasPrefix(text, "Bearer "), strings.HasPrefix(text, "eyJ"):
		return errors.New("this is a bearer token, not a connection string")
	case strings.HasPrefix(text, "{"):
		return errors.New("this is JSON, not a connection string: the connection string is the value of \"connectionString\" in it")
	case strings.ContainsAny(text, "\r\n"):
		return errors.New("the connection string has a line break inside")
	case strings.ContainsAny(text[:1], `"'`):
		return errors.New("the connection string is in quotation marks; leave them out")
	}
	return nil
}

// splitParts splits at semicolons; the value of a part may contain an equals sign, as base64
// does. The names are in lower case.
func splitParts(text string) (map[string]string, error) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ";"), ";") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" {
			return nil, fmt.Errorf("the connection string has a part without a name or a value; its form is %s", connectionForm)
		}
		if _, twice := parts[name]; twice {
			return nil, errors.New("the connection string has one of its parts twice")
		}
		parts[name] = strings.TrimSpace(value)
	}
	return parts, nil
}

// otherService returns an error if the parts are those of the connection string of another
// service, or of a device.
func otherService(parts map[string]string) error {
	host := strings.ToLower(parts[strings.ToLower(hostPart)])
	_, device := parts["deviceid"]
	_, module := parts["moduleid"]
	_, endpoint := parts["endpoint"]
	_, storage := parts["accountkey"]
	switch {
	case module:
		return errors.New("this is the connection string of a module at an IoT hub; give the connection string of a shared access policy of the provisioning service")
	case device:
		return errors.New("this is the connection string of a device at an IoT hub; give the connection string of a shared access policy of the provisioning service")
	case endpoint:
		return errors.New("this is the connection string of an event hub or a service bus; give the connection string of a shared access policy of the provisioning service")
	case storage:
		return errors.New("this is the connection string of a storage account; give the connection string of a shared access policy of the provisioning service")
	case dps.IsHubHost(host):
		return errors.New("this is the connection string of an IoT hub; give the connection string of a shared access policy of the provisioning service")
	}
	return nil
}

// checkHost returns an error if host cannot be the service host of an instance.
func checkHost(host string) error {
	name := host
	if strings.Contains(host, "://") || strings.ContainsAny(host, "/ ?#@") {
		return fmt.Errorf("%s of the connection string is not a bare host name", hostPart)
	}
	if strings.Contains(host, ":") {
		h, port, err := net.SplitHostPort(host)
		if err != nil || h == "" || port == "" {
			return fmt.Errorf("%s of the connection string is not a host name with a port", hostPart)
		}
		name = h
	}
	for _, cloud := range dps.Clouds() {
		if strings.EqualFold(name, cloud.GlobalHost()) {
			return fmt.Errorf("%s of the connection string is the global device endpoint; the service API is at the instance's own name", hostPart)
		}
	}
	return nil
}

// Resource returns the resource URI of the policy's tokens: the host in lower case
// (learn.microsoft.com: iot-dps/how-to-control-access).
func (c ConnectionString) Resource() string { return strings.ToLower(c.Host) }

// Token returns a SAS token of the policy for the service API, valid until expiry.
func (c ConnectionString) Token(expiry time.Time) dps.Secret {
	return dps.SignPolicy(c.Key, c.Policy, c.Resource(), expiry)
}

// Text returns the connection string itself.
func (c ConnectionString) Text() dps.Secret {
	return dps.NewSecret(hostPart + "=" + c.Host + ";" + policyPart + "=" + c.Policy + ";" + keyPart + "=" + c.Key.Text().Reveal())
}
