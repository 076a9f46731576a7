// Package likeness compares the words of a log with those of reports whose cause was confirmed. It is
// the weakest evidence that dpsdiag has: it proves nothing, and package advice weighs it together with
// the matches of the catalogue.
//
// Call [Default] for the model in the program, then [Model.Read] with the lines of a text.
// [Reading.Precedents] are the confirmed reports that are most similar.
//
// The model is a multinomial logistic regression over words, pairs of words and pairs with
// one word between them. Package learn trains it from testdata/corpus, the catalogue and the
// definitions of the causes; "go generate ./internal/likeness" writes it into model.bin.
package likeness
