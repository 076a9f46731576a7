// Package report writes what was learned as documents, each in several formats.
//
// Each document is a type of its own, made by a function such as [NewProbe], [NewAnswers] or
// [NewLog], and written with the [Format] that [FormatNamed] returns. A document is finished
// when it is made: its exit status is decided, its lists are never nil and every text in it
// has gone through [Clean], so that a writer only draws and all formats say the same.
//
// The JSON of a document is a contract with scripts (schemas dpsdiag/probe/1 and
// dpsdiag/explain/1): its types are defined here, separate from those of the packages that
// learn and judge, and a field that changes its meaning needs a new schema number.
package report
