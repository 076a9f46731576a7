// Package spelling finds the intended word for a mistyped one.
package spelling

import "strings"

// Distance returns the Levenshtein distance from a to b: the minimum number of bytes to
// insert, delete or replace.
func Distance(a, b string) int {
	costs := make([]int, len(b)+1)
	for j := range costs {
		costs[j] = j
	}
	for i := range len(a) {
		diagonal := costs[0]
		costs[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = costs[j+1]
			costs[j+1] = min(replace, diagonal+1, costs[j]+1)
		}
	}
	return costs[len(b)]
}

// Nearest returns the candidate most likely meant by a mistyped word: the one with the
// smallest distance, at most a third of the word, or the only candidate that begins with
// it. Candidates are in lower case.
func Nearest(word string, candidates []string) (string, bool) {
	word = strings.ToLower(word)
	best, fewest := "", max(2, len(word)/3)+1
	var begun []string
	for _, c := range candidates {
		if d := Distance(word, c); d < fewest {
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
