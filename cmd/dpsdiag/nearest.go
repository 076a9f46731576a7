package main

import (
	"strings"

	"dpsdiag/internal/codes"
)

// nearest returns the candidate that a mistyped word most likely stands for: the one with
// the fewest letters to change, at most a third of the word, or the only one that begins
// with it.
func nearest(word string, candidates []string) (string, bool) {
	word = strings.ToLower(word)
	best, fewest := "", max(2, len(word)/3)+1
	var begun []string
	for _, c := range candidates {
		if d := codes.EditDistance(word, c); d < fewest {
			best, fewest = c, d
		}
		if len(word) > 1 && strings.HasPrefix(c, word) {
			begun = append(begun, c)
		}
	}
	if best == "" && len(begun) == 1 {
		best = begun[0]
	}
	return best, best != ""
}
