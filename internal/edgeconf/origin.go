package edgeconf

import "fmt"

// Origin is the source of a value: a key of a file, an environment variable or a flag. The
// zero value means that there is none.
type Origin struct {
	File         string
	Line, Column int    // in File, counted from 1, the column in bytes; 0 if not known
	Key          string // in File: the path of the key, such as provisioning.id_scope
	Variable     string
	Flag         string // including its dashes
}

// IsZero reports whether o has no origin.
func (o Origin) IsZero() bool { return o == Origin{} }

// String returns the origin as reports show it: "config.toml line 14:
// provisioning.id_scope", "environment variable PROVISIONING_IDSCOPE" or "--id-scope".
func (o Origin) String() string {
	switch {
	case o.Flag != "":
		return o.Flag
	case o.Variable != "":
		return "environment variable " + o.Variable
	case o.Key == "":
		return o.place()
	}
	return o.place() + ": " + o.Key
}

// place returns the file and the line.
func (o Origin) place() string {
	if o.Line == 0 {
		return o.File
	}
	return fmt.Sprintf("%s line %d", o.File, o.Line)
}

// source returns the file or the environment of the origin, "" for a flag.
func (o Origin) source() string {
	if o.Variable != "" {
		return "the environment"
	}
	return o.File
}

// Value is a setting and its origin. The zero value is a setting that is not set.
type Value struct {
	Text   string
	Origin Origin
}

// IsZero reports whether the setting is not set.
func (v Value) IsZero() bool { return v.Text == "" }
