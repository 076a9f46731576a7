package codes_test

import (
	"fmt"

	"dpsdiag/internal/codes"
)

func ExampleLookup() {
	for _, e := range codes.Lookup("CONNACK 3") {
		fmt.Println(e.Name)
		fmt.Println(e.Retry, e.CauseIDs[0])
	}
	// Output:
	// Connection Refused, Server unavailable
	// after-fix wrong-id-scope
}

func ExampleNearest() {
	for _, e := range codes.Nearest("404204", 2) {
		fmt.Println(e.Code, e.Name)
	}
	// Output:
	// 404202 Not found (second kind)
	// 404 Not Found
}
