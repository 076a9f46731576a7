package dps

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Cloud is an Azure cloud with its own device provisioning endpoints.
type Cloud string

// The clouds known to this tool. The public name is documented; the other two global
// names were seen in public code and in GitHub issue Azure/iotedge#6631.
const (
	CloudPublic Cloud = "public"
	CloudChina  Cloud = "china"
	CloudUSGov  Cloud = "usgov"
)

// Clouds lists every cloud in the order in which help shows them.
func Clouds() []Cloud { return []Cloud{CloudPublic, CloudChina, CloudUSGov} }

// GlobalHost returns the cloud's global device endpoint, or "" for an unknown cloud.
func (c Cloud) GlobalHost() string {
	switch c {
	case CloudPublic:
		return "global.azure-devices-provisioning.net"
	case CloudChina:
		return "global.azure-devices-provisioning.cn"
	case CloudUSGov:
		return "global.azure-devices-provisioning.us"
	}
	return ""
}

// CloudOf returns the cloud whose provisioning endpoints include host, and whether there is
// one. It knows both the global endpoint and an instance's own
// ({name}.azure-devices-provisioning.net).
func CloudOf(host string) (Cloud, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, c := range Clouds() {
		zone := strings.TrimPrefix(c.GlobalHost(), "global")
		if strings.HasSuffix(host, zone) && host != zone {
			return c, true
		}
	}
	return "", false
}

// Ports of the service (learn.microsoft.com: iot-dps/iot-mqtt-connect-to-iot-dps and the
// SDKs). WebSocket transports share PortHTTPS.
const (
	PortHTTPS = 443
	PortMQTT  = 8883
	PortAMQP  = 5671
)

// Endpoint is the address of the service for a device: one host, with a port per protocol.
type Endpoint struct {
	Host              string
	HTTPS, MQTT, AMQP int
}

// StandardPorts returns the standard ports of the service, without a host.
func StandardPorts() Endpoint { return Endpoint{HTTPS: PortHTTPS, MQTT: PortMQTT, AMQP: PortAMQP} }

// ParseEndpoint parses HOST or HOST:PORT. A port given here is used for every protocol, as
// for the --endpoint flag. A URL, a path or white space is an error. The error quotes text,
// unless it is a connection string or has an @, which may have a password before it.
func ParseEndpoint(text string) (Endpoint, error) {
	switch {
	case strings.Contains(text, "@"):
		return Endpoint{}, fmt.Errorf("an endpoint has no user and no password; it is a host name such as %s", CloudPublic.GlobalHost())
	case strings.Contains(strings.ToLower(text), "sharedaccesskey"):
		return Endpoint{}, fmt.Errorf("this is a connection string; an endpoint is a host name such as %s", CloudPublic.GlobalHost())
	case strings.Contains(text, "://"):
		return Endpoint{}, fmt.Errorf("%q is a URL; an endpoint is a host name such as %s", text, CloudPublic.GlobalHost())
	}
	host, port, err := splitHostPort(text)
	if err != nil {
		return Endpoint{}, err
	}
	if !IsHost(host) {
		return Endpoint{}, fmt.Errorf("%q is not a host name", text)
	}
	endpoint := StandardPorts()
	if port != 0 {
		endpoint = Endpoint{HTTPS: port, MQTT: port, AMQP: port}
	}
	endpoint.Host = host
	return endpoint, nil
}

// The maximum lengths of a host name and of one label (RFC 1035, 2.3.4).
const (
	maxHostName  = 253
	maxHostLabel = 63
)

// IsHost reports whether text can be the name or address of a host. Names are ASCII and may
// contain the underscore, which container networks use.
func IsHost(text string) bool {
	if net.ParseIP(text) != nil {
		return true
	}
	name := strings.TrimSuffix(text, ".")
	if len(name) > maxHostName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxHostLabel || strings.Trim(label, "-") != label || strings.ContainsFunc(label, notInHost) {
			return false
		}
	}
	return true
}

func notInHost(r rune) bool { return r != '_' && (!isIDRune(r) || strings.ContainsRune(".:", r)) }

// splitHostPort returns port 0 if text contains none. A bare IPv6 address has no port.
func splitHostPort(text string) (host string, port int, err error) {
	if !strings.Contains(text, ":") || net.ParseIP(text) != nil {
		return text, 0, nil
	}
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not HOST or HOST:PORT", text)
	}
	number, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || number == 0 {
		return "", 0, fmt.Errorf("%q is not a port; a port is a number from 1 to 65535", portText)
	}
	return host, int(number), nil
}
