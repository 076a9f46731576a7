package likeness

import (
	_ "embed" // for the model
	"sync"
)

//go:generate go run ./gen

//go:embed model.bin
var modelData string

//go:embed precedents.bin
var precedentData string

// Default returns the model that is built into the program.
var Default = sync.OnceValue(func() *Model { //nolint:gochecknoglobals // made once, never changed
	m, err := Open(modelData)
	if err != nil {
		return nil // a test opens the model, so this does not happen in a released program
	}
	m.precedents = openPrecedents(precedentData)
	return m
})
