// Package service contains the data of the service API of a Device Provisioning Service
// instance. That is what an operator's tools read and write with a shared access policy, such
// as enrollments, groups and registration states.
//
// Start with [ParseConnectionString] for the credential, [IndividualEnrollment] and
// [EnrollmentGroup] for the records, and [Instance] for the description of an instance that
// "az iot dps show" prints.
//
// Everything here is a pure function of its arguments: no clock, no network, no file. The
// names of members are those of the REST API 2021-10-01 (azure-rest-api-specs
// deviceprovisioningservices/data-plane, service/models.tsp). A key in a record is a
// [dps.Secret], so that printing a record or encoding it as JSON shows no key; the methods
// named Reveal are for the one place that sends it.
package service
