// Package cause defines the root causes that dpsdiag can find. A definition says what the cause is,
// how to check for it and what to do.
//
// Call [Parse] for an id that a user typed and [ID.Definition] for its definition. An id is a
// constant, so a misspelled one does not compile. Which cause a device has is judged in package
// advice.
package cause
