//go:build nocatalogue

package codes

// catalogue is empty in the generator, which writes it: if catalogue_gen.go does not compile, as after
// a cause was renamed, the generator must still compile.
var catalogue [0]compiled
