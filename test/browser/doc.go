// Package browser opens the pages of package report in a real browser, and fails where it
// asks for anything, complains, runs or shows something that a report must not have.
//
// Its tests need Chromium (Debian package chromium) and are behind a build tag:
//
//	go test -tags browser ./test/browser/
//
// The pages are the expected ones of package report, in internal/report/testdata. Nothing is
// skipped: a browser that is missing fails the test.
package browser
