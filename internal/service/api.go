package service

import (
	"net/url"
	"strings"
)

// APIVersion is the version of the service API that the official SDKs for Node and the CLI
// use (azure-iot-sdk-node provisioning/service/src/provisioningserviceclient.ts).
const APIVersion = "2021-10-01"

// The collections of the API. A record is at Path(collection, id).
const (
	Enrollments      = "enrollments"
	EnrollmentGroups = "enrollmentGroups"
	Registrations    = "registrations"
)

// The last segments of a path for what is not a plain read or write of a record
// (azure-rest-api-specs service/routes.tsp).
const (
	// QuerySegment: POST /{collection}/query, and POST /registrations/{groupId}/query.
	QuerySegment = "query"
	// AttestationSegment: POST /{collection}/{id}/attestationmechanism. Although it is a
	// POST, it only reads. It is the only call that returns symmetric keys.
	AttestationSegment = "attestationmechanism"
)

// Headers of the API.
const (
	HeaderContinuation = "x-ms-continuation"
	HeaderMaxItemCount = "x-ms-max-item-count"
	HeaderItemType     = "x-ms-item-type"
	HeaderErrorCode    = "x-ms-error-code"
)

// Path is the path of a request below a collection, each segment escaped:
// Path(Enrollments, "dev:01").
func Path(collection string, segments ...string) string {
	var path strings.Builder
	path.WriteString("/" + collection)
	for _, segment := range segments {
		path.WriteString("/" + url.PathEscape(segment))
	}
	return path.String()
}

// Right is what a shared access policy allows.
type Right string

// The rights of a policy (learn.microsoft.com: iot-dps/how-to-control-access).
const (
	RightServiceConfig           Right = "ServiceConfig"
	RightEnrollmentRead          Right = "EnrollmentRead"
	RightEnrollmentWrite         Right = "EnrollmentWrite"
	RightRegistrationStatusRead  Right = "RegistrationStatusRead"
	RightRegistrationStatusWrite Right = "RegistrationStatusWrite"
)

// QuerySpecification is the body of a query, such as "SELECT * FROM enrollments".
type QuerySpecification struct {
	Query string `json:"query"`
}

// OperationMode is what a bulk operation does with its records.
type OperationMode string

// The modes of a bulk operation.
const (
	ModeCreate            OperationMode = "create"
	ModeUpdate            OperationMode = "update"
	ModeUpdateIfMatchETag OperationMode = "updateIfMatchETag"
	ModeDelete            OperationMode = "delete"
)

// MaxBulk is the maximum number of records in one bulk operation.
const MaxBulk = 10

// BulkEnrollmentOperation is a bulk operation on individual enrollments.
type BulkEnrollmentOperation struct {
	Mode        OperationMode          `json:"mode"`
	Enrollments []IndividualEnrollment `json:"enrollments"`
}

// BulkEnrollmentOperationResult is the answer to a [BulkEnrollmentOperation].
type BulkEnrollmentOperationResult struct {
	IsSuccessful bool                           `json:"isSuccessful"`
	Errors       []BulkEnrollmentOperationError `json:"errors"`
}

// BulkEnrollmentOperationError is the error of one individual enrollment.
type BulkEnrollmentOperationError struct {
	RegistrationID string `json:"registrationId"`
	ErrorCode      int    `json:"errorCode"`
	ErrorStatus    string `json:"errorStatus"`
}

// BulkEnrollmentGroupOperation is a bulk operation on enrollment groups.
type BulkEnrollmentGroupOperation struct {
	Mode             OperationMode     `json:"mode"`
	EnrollmentGroups []EnrollmentGroup `json:"enrollmentGroups"`
}

// BulkEnrollmentGroupOperationResult is the answer to a [BulkEnrollmentGroupOperation].
type BulkEnrollmentGroupOperationResult struct {
	IsSuccessful bool                                `json:"isSuccessful"`
	Errors       []BulkEnrollmentGroupOperationError `json:"errors"`
}

// BulkEnrollmentGroupOperationError is the error of one enrollment group.
type BulkEnrollmentGroupOperationError struct {
	EnrollmentGroupID string `json:"enrollmentGroupId"`
	ErrorCode         int    `json:"errorCode"`
	ErrorStatus       string `json:"errorStatus"`
}
