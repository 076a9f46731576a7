package edgeconf

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dpsdiag/internal/dps"
)

// file reads the file of a file URI, or adds a remark with that problem if it cannot.
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
		return "", errors.New("is a path; since IoT Edge 1.2 it must be a URI: put file:// in front")
	case !found || len(scheme) == 1:
		return "", errors.New("is not a URI; write file:///DIRECTORY/FILE")
	case isPKCS11(uri):
		return "", errors.New("is a PKCS#11 URI; a file is needed here: write file:///DIRECTORY/FILE")
	case !strings.EqualFold(scheme, "file"):
		return "", errors.New("has an unsupported scheme; write file:///DIRECTORY/FILE")
	case !strings.HasPrefix(rest, "/"):
		return "", errors.New("is a relative path; write the absolute path, as file:///DIRECTORY/FILE")
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return "", errors.New("is not a well-formed URI; write %20 for a space and %25 for a percent sign")
	case u.Host != "" && u.Host != "localhost":
		return "", errors.New("names a host, because it begins with only two slashes: write three, file:///DIRECTORY/FILE")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("contains a ? or a #, which ends the path: write %3F or %23")
	case strings.HasSuffix(u.Path, "/"):
		return "", errors.New("names a directory, not a file")
	case strings.ContainsRune(u.Path, 0):
		return "", errors.New("contains a zero byte")
	}
	return u.Path, nil
}

// inToken returns the obstacle for a key in a PKCS#11 token.
func inToken(origin Origin) Obstacle {
	return Obstacle{
		Origin: origin,
		Detail: fmt.Sprintf("%s is in a PKCS#11 token, which does not release the key, so a probe cannot sign with it", origin),
		Hint:   "--preflight with another credential tests the connection to the service; the answer to the device itself is in its log (iotedge system logs)",
	}
}
