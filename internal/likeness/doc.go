// Package likeness tells how like the words of a log are to those of reports whose cause was
// confirmed. It is the weakest witness that dpsdiag hears: it proves nothing, and package
// advice weighs it together with the known errors.
//
// Call [Default] for the model in the program, then [Model.Read] with the lines of a text.
// [Reading.Precedents] are the confirmed reports that are most like it.
//
// The model is a multinomial logistic regression over words, pairs of words and pairs with
// one word between them. Package learn trains it from testdata/corpus, the catalogue and the
// definitions of the causes; "go generate ./internal/likeness" writes it into model.bin.
package likeness
