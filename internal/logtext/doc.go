// Package logtext finds in a log of any size what can help to explain a failure. These are the errors of
// the catalogue and what the text says about the circumstances, such as how the device attests, how far
// it got and what its clock said. Make a [Scanner], then call [Scanner.Scan].
//
// A text goes through these steps, in one pass and in constant memory:
//
//	decode.go      bytes to UTF-8
//	reading.go     a long text in blocks, which several goroutines work on
//	lines.go       blocks of lines, long lines in pieces, and what is in a line alone
//	normalise.go   one form for what terminals, JSON and HTML write in many
//	automaton.go   every phrase at once
//	pass.go        what the phrases of a line mean together, line by line in order
//
// The tables of phrases are in context.go (circumstances), keys.go (names of values) and topics.go
// (words for what is wrong with what); the errors come from package codes. After a change of any of
// them "go generate ./internal/logtext" compiles them into vocabulary.bin, which the program contains
// and reads in place, so that they cost nothing at start:
//
//	vocabulary.go  the phrases of all tables with what they mean
//	trie.go        the automaton for them
//	compile.go     both as bytes
//	compiled.go    the bytes as a vocabulary
//
// Nothing here judges; package advice does.
package logtext
