package dps

import "net/url"

// DefaultAPIVersion is the api-version of most installed clients: the Node, C#, Java,
// Python and Embedded C SDKs send it.
const DefaultAPIVersion = "2019-03-31"

// RegisterPath is the path of the register call (PUT), with the ids escaped.
func RegisterPath(scope, registrationID string) string {
	return LookupPath(scope, registrationID) + "/register"
}

// OperationPath is the path of a status poll (GET), with the ids escaped.
func OperationPath(scope, registrationID, operationID string) string {
	return LookupPath(scope, registrationID) + "/operations/" + url.PathEscape(operationID)
}

// LookupPath is the path of the registration status lookup (POST), with the ids escaped.
// The lookup is not billed and changes nothing (learn.microsoft.com:
// iot-dps/about-iot-dps).
func LookupPath(scope, registrationID string) string {
	return "/" + url.PathEscape(scope) + "/registrations/" + url.PathEscape(registrationID)
}

// Query is the query string of every call.
func Query(apiVersion string) string { return "api-version=" + url.QueryEscape(apiVersion) }
