package edgeconf

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dpsdiag/internal/dps"
)

// file reads the file of a file URI, or adds a remark about that cause if it cannot.
func (n *notes) file(uri Value, problem Problem, setting settingName, readFile func(string) ([]byte, error)) File {
	path, err := filePath(uri.Text)
	if err != nil {
		n.add(problem, setting, uri.Origin, "%s %v", uri.Origin, err)
		return File{}
	}
	return n.named(Value{path, uri.Origin}, problem, setting, readFile)
}

// named reads the file whose path is a setting, or adds a remark.
func (n *notes) named(v Value, problem Problem, setting settingName, readFile func(string) ([]byte, error)) File {
	data, err := readFile(v.Text)
	switch {
	case err != nil:
		n.add(problem, setting, v.Origin, "%s: %s cannot be read: %s", v.Origin, showPath(v.Text), reason(err))
	case len(data) == 0:
		n.add(problem, setting, v.Origin, "%s: %s is empty", v.Origin, showPath(v.Text))
	default:
		return File{Path: v.Text, Content: dps.NewSecret(string(data)), Origin: v.Origin}
	}
	return File{}
}

// isPKCS11 reports whether a URI names an object in a PKCS#11 token.
func isPKCS11(uri string) bool { return strings.HasPrefix(strings.ToLower(uri), "pkcs11:") }

// filePath returns the path in a file URI, in the forms that the identity service accepts
// (key/aziot-keys-common, cert/aziot-certd-config). An error completes a sentence and never
// quotes the URI, since other kinds of URI may contain a PIN.
func filePath(uri string) (string, error) {
	scheme, rest, found := strings.Cut(uri, ":")
	switch {
	case strings.HasPrefix(uri, "/"):
		return "", errors.New("is a path; since IoT Edge 1.2 it has to be a URI: put file:// in front")
	case !found || len(scheme) == 1:
		return "", errors.New("is no URI; a file is named as file:///DIRECTORY/FILE")
	case isPKCS11(uri):
		return "", errors.New("is a PKCS#11 URI; here a file is needed, as file:///DIRECTORY/FILE")
	case !strings.EqualFold(scheme, "file"):
		return "", errors.New("has a scheme that is not read; a file is named as file:///DIRECTORY/FILE")
	case !strings.HasPrefix(rest, "/"):
		return "", errors.New("is a relative path; write the whole one, as file:///DIRECTORY/FILE")
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return "", errors.New("is no well-formed URI; a blank in it is written %20 and a percent sign %25")
	case u.Host != "" && u.Host != "localhost":
		return "", errors.New("names a host, because only two slashes stand at its beginning: write three, file:///DIRECTORY/FILE")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("has a ? or a # in it, which ends the path: write %3F or %23")
	case strings.HasSuffix(u.Path, "/"):
		return "", errors.New("names a directory, not a file")
	case strings.ContainsRune(u.Path, 0):
		return "", errors.New("has a zero byte in it")
	}
	return u.Path, nil
}

// inToken returns the obstacle for a key in a PKCS#11 token.
func inToken(origin Origin) Obstacle {
	return Obstacle{
		Origin: origin,
		Detail: fmt.Sprintf("%s is in a PKCS#11 token, which does not give the key away, so a probe cannot sign with it", origin),
		Hint:   "--preflight with another credential tests the way to the service; what the device itself is answered stands in its log (iotedge system logs)",
	}
}
