// Package cause names the root causes that dpsdiag can tell, and says of each what it is,
// how to make sure and what to do.
//
// Call [Parse] for the id that a user typed and [ID.Definition] for what is known of it.
// An id is a constant, so a misspelled one does not compile. Which cause a device has is
// judged in package advice.
package cause
