//go:build hostile

package hostile_test

// peers is the number of peers that are tested.
const peers = 1000
