package monitor

import (
	"bytes"
	"strconv"
	"strings"
)

// record is one record of a log. Its texts are those of the batch that it is in.
type record struct {
	class class
	at    int64 // Unix milliseconds, 0 if not known
	line  int   // of the input, from 1

	// hash is the hash of what distinguishes the record from others, 0 if nothing does. deviceHash is
	// the hash of the device.
	hash, deviceHash uint64

	// The counters of the record; nil if it was read before.
	repeated bool
	instance *instance
	counted  *device // nil for none

	result, signature, description []byte
	operation, correlation         []byte
	device, kind, protocol         []byte // of the properties
	resource                       []byte // the path or the name of the instance
}

// class is what a record is about.
type class int

// The classes. foreignClass is a record of another service or another category.
const (
	foreignClass    class = iota
	deviceClass           // a device attests
	serviceClass          // an operator's call to the service API
	managementClass       // an operator's call to Azure Resource Manager
)

// field is a member of a record or of its properties.
type field int

const (
	noField field = iota
	timeField
	categoryField
	typeField
	operationField
	resultField
	signatureField
	descriptionField
	correlationField
	propertiesField
	pathField // the resource id
	nameField // the name of the instance
	providerField
	resourceTypeField
	recordsField // of an envelope
	tablesField
	deviceField // of the properties, as the following
	kindField
	protocolField
	fieldCount
)

// fieldOf returns the field that a member or column has under any of its names: those of storage
// accounts and Event Hubs, of Log Analytics, and of the portal's CSV files.
func fieldOf(name []byte) field {
	var lower [24]byte
	if len(name) > len(lower) {
		return noField
	}
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(name)]) {
	case "time", "timegenerated", "timegenerated [utc]":
		return timeField
	case "category":
		return categoryField
	case "type":
		return typeField
	case "operationname", "operationnamevalue":
		return operationField
	case "resulttype", "activitystatusvalue":
		return resultField
	case "resultsignature":
		return signatureField
	case "resultdescription":
		return descriptionField
	case "correlationid":
		return correlationField
	case "properties", "properties_s":
		return propertiesField
	case "resourceid", "_resourceid":
		return pathField
	}
	return rarerField(lower[:len(name)])
}

func rarerField(lower []byte) field {
	switch string(lower) {
	case "resource":
		return nameField
	case "resourceprovider":
		return providerField
	case "resourcetype":
		return resourceTypeField
	case "records":
		return recordsField
	case "tables":
		return tablesField
	}
	return noField
}

// fields are the values of a record by field, without quotes and escapes.
type fields [fieldCount][]byte

// set keeps the first value that is not empty: Log Analytics writes some under two names.
func (f *fields) set(field field, value []byte) {
	if len(f[field]) == 0 {
		f[field] = value
	}
}

// propertyOf returns the field that a member of the properties is.
func propertyOf(name []byte) field {
	switch strings.ToLower(string(name)) {
	case "id", "registrationid":
		return deviceField
	case "type":
		return kindField
	case "protocol":
		return protocolField
	}
	return noField
}

// class returns what a record is about. Columns may be missing if a query selected only some.
func (b *batch) class(f *fields, r *record) class {
	category := f[categoryField]
	if len(category) == 0 {
		category = f[typeField]
	}
	switch {
	case isManagement(r.operation):
		return managementClass
	case b.ofOther(f[pathField]) || f.ofOther():
		return foreignClass
	case bytes.EqualFold(category, []byte("DeviceOperations")):
		return deviceClass
	case bytes.EqualFold(category, []byte("ServiceOperations")):
		return serviceClass
	case len(f[categoryField]) > 0 || len(r.result) == 0 && len(r.signature) == 0:
		return foreignClass
	case bytes.EqualFold(r.kind, []byte("Registration")), bytes.EqualFold(r.operation, []byte("AttestationAttempt")):
		return deviceClass
	case containsFold(r.kind, "ENROLLMENT"), len(r.operation) > 0 && len(r.kind) > 0:
		return serviceClass
	}
	return foreignClass
}

// ofOther reports whether the columns of a record name another service than DPS.
func (f *fields) ofOther() bool {
	kind := f[resourceTypeField]
	return len(kind) > 0 && !containsFold(kind, "PROVISIONINGSERVICES") ||
		len(f[providerField]) > 0 && !containsFold(f[providerField], "MICROSOFT.DEVICES")
}

// isManagement reports whether an operation is a call to Azure Resource Manager that can change how
// devices provision.
func isManagement(operation []byte) bool {
	const provider = "MICROSOFT.DEVICES/"
	return len(operation) > len(provider) && bytes.EqualFold(operation[:len(provider)], []byte(provider)) &&
		(containsFold(operation, "/PROVISIONINGSERVICES/") || containsFold(operation, "/IOTHUBS/"))
}

// aboutHub reports whether an operator called Azure Resource Manager about a hub.
func (r *record) aboutHub() bool {
	return r.class == managementClass && !containsFold(r.operation, "/PROVISIONINGSERVICES/")
}

// containsFold reports whether text contains a part that is in upper case here.
func containsFold(text []byte, upper string) bool {
	for i := 0; i+len(upper) <= len(text); i++ {
		if (text[i]|0x20) == (upper[0]|0x20) && bytes.EqualFold(text[i:i+len(upper)], []byte(upper)) {
			return true
		}
	}
	return false
}

// failed reports whether the service refused the call. A result that is not known counts as a failure;
// without one the status decides, and without that the error code.
func (r *record) failed() bool {
	if len(r.result) == 0 {
		return r.status() >= 300 || r.status() == 0 && r.code() != 0
	}
	return string(r.result) != "Success" && !bytes.EqualFold(r.result, []byte("Success"))
}

// knownResult reports whether the documentation names the result.
func (r *record) knownResult() bool {
	for _, known := range []string{"", "Success", "Failure", "ClientError"} {
		if bytes.EqualFold(r.result, []byte(known)) {
			return true
		}
	}
	return false
}

// status is the HTTP status, 0 if the record has none.
func (r *record) status() int {
	status, err := strconv.Atoi(string(r.signature))
	if err != nil || status < 100 || status > 599 {
		return 0
	}
	return status
}

// code is the six-digit error code in the description, 0 if there is none.
func (r *record) code() int {
	text := r.description
	for i := 0; i < len(text); i++ {
		if !isWord(text[i]) {
			continue
		}
		end := i
		for end < len(text) && isWord(text[end]) {
			end++
		}
		if code := codeIn(text[i:end]); code != 0 {
			return code
		}
		i = end
	}
	return 0
}

// codeIn is a word as an error code, 0 if it is not one.
func codeIn(word []byte) int {
	if len(word) != 6 || word[0] != '4' && word[0] != '5' {
		return 0
	}
	code, err := strconv.Atoi(string(word))
	if err != nil {
		return 0
	}
	return code
}

func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// appendPattern appends the description without what differs from device to device: its id, and every
// word with a digit in it. The queries of Log Analytics do the same.
func (r *record) appendPattern(to []byte) []byte {
	text := r.description
	if len(r.device) > 3 && bytes.Contains(text, r.device) {
		text = bytes.ReplaceAll(text, r.device, []byte("*"))
	}
	for i := 0; i < len(text); {
		end, digits := i, false
		for end < len(text) && (isWord(text[end]) || text[end] == '-') {
			digits = digits || isDigit(text[end])
			end++
		}
		switch {
		case end == i:
			to = append(to, text[i])
			end++
		case digits:
			to = append(to, '*')
		default:
			to = append(to, text[i:end]...)
		}
		i = end
	}
	return to
}
