package netfail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"reflect"
	"strings"
	"time"
)

// TLSFailure is a classified TLS handshake failure.
type TLSFailure struct {
	Kind TLSKind
	// Alert is the number of the alert received from the peer, or 0 if there was none.
	Alert uint8
	Text  string
	// Said is the beginning of what a peer sent that does not speak TLS, or "" if that is not
	// text. It may contain control characters.
	Said string
}

// TLSKind classifies failed handshakes.
type TLSKind string

// Kinds of failed handshake.
const (
	TLSUnknownAuthority TLSKind = "unknown-authority" // no trusted root for the server's chain
	TLSNameMismatch     TLSKind = "name-mismatch"     // the server certificate is for other names
	TLSServerExpired    TLSKind = "server-expired"    // expired by the local clock
	TLSServerNotYet     TLSKind = "server-not-yet"    // not yet valid by the local clock
	TLSBadCertificate   TLSKind = "bad-certificate"   // another error in the server's chain
	TLSAlert            TLSKind = "alert"             // the peer sent an alert; see Alert
	TLSNotTLS           TLSKind = "not-tls"           // the peer does not speak TLS
	TLSVersion          TLSKind = "version"           // no TLS version or cipher in common
	TLSCut              TLSKind = "cut"               // closed or reset during the handshake
	TLSTimeout          TLSKind = "timeout"           // the peer sent nothing
	TLSOther            TLSKind = "other"
)

// ClassifyTLS classifies the error of a handshake at the local time now.
func ClassifyTLS(err error, now time.Time) *TLSFailure {
	f := &TLSFailure{Kind: TLSOther, Text: Text(err)}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		f.Kind, f.Text = verificationKind(bad.Err, now), bad.Err.Error()
		return f
	}
	if alert, ok := receivedAlert(err); ok {
		f.Kind, f.Alert = TLSAlert, alert
		return f
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		f.Kind = TLSNotTLS
		return f
	}
	switch KindOf(err) {
	case Timeout:
		f.Kind = TLSTimeout
	case Reset:
		f.Kind = TLSCut
	default:
		if strings.Contains(f.Text, "protocol version") || strings.Contains(f.Text, "cipher suite") {
			f.Kind = TLSVersion
		}
	}
	return f
}

func verificationKind(err error, now time.Time) TLSKind {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return TLSUnknownAuthority
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return TLSNameMismatch
	}
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case !ok || invalid.Reason != x509.Expired:
		return TLSBadCertificate
	case now.Before(invalid.Cert.NotBefore):
		return TLSServerNotYet
	}
	return TLSServerExpired
}

// receivedAlert returns the number of a TLS alert from the peer. The standard library does
// not export the alert's type, but documents that it arrives as the cause of a net.OpError
// named "remote error".
func receivedAlert(err error) (uint8, bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" {
		return 0, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}
