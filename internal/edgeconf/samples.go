package edgeconf

import "strings"

// Sample is a kind of sample programs of the SDKs, with the environment variables that they
// take their settings from and [FromEnv] reads.
type Sample struct {
	Title     string // what it attests with, and the SDKs that have it
	Variables []Variable
}

// Variable is an environment variable of a sample.
type Variable struct{ Name, Holds string }

// Samples lists every kind of samples, in the order in which FromEnv prefers them.
func Samples() []Sample {
	var list []Sample
	for _, s := range samples() {
		shown := Sample{Title: s.name + " (" + strings.Join(s.sdks, ", ") + ")"}
		for _, v := range s.variables {
			shown.Variables = append(shown.Variables, Variable{v.name, string(v.role)})
		}
		list = append(list, shown)
	}
	return list
}
