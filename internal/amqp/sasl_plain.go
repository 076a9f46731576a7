package amqp

import "bytes"

// PlainResponse returns the initial response of the mechanism PLAIN with an
// empty authorization identity (RFC 4616). The user of DPS is
// "{idScope}/registrations/{registrationId}", the password a SAS token (Azure
// SDK for Node: provisioning/transport/amqp/src/amqp.ts).
func PlainResponse(user, password string) Credential {
	return Credential("\x00" + user + "\x00" + password)
}

// ParsePlain parses the result of PlainResponse; ok is false for anything else. An
// authorization identity, which means nothing to DPS, is ignored.
func ParsePlain(response Credential) (user, password string, ok bool) {
	parts := bytes.Split(response, []byte{0})
	if len(parts) != 3 {
		return "", "", false
	}
	return string(parts[1]), string(parts[2]), true
}
