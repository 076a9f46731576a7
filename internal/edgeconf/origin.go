package edgeconf

import "fmt"

// Origin says where a value comes from: a key of a file, an environment variable or a
// flag. The zero value is no origin.
type Origin struct {
	File         string
	Line, Column int    // in File, counted from 1, the column in bytes; 0 when not known
	Key          string // in File: the path of the key, such as provisioning.id_scope
	Variable     string
	Flag         string // with its dashes
}

// IsZero reports whether o is no origin.
func (o Origin) IsZero() bool { return o == Origin{} }

// String is how reports name the origin: "config.toml line 14: provisioning.id_scope",
// "environment variable PROVISIONING_IDSCOPE" or "--id-scope".
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

// place is the file and the line.
func (o Origin) place() string {
	if o.Line == 0 {
		return o.File
	}
	return fmt.Sprintf("%s line %d", o.File, o.Line)
}

// source is the file or the environment that the origin is in, "" for a flag.
func (o Origin) source() string {
	if o.Variable != "" {
		return "the environment"
	}
	return o.File
}

// Value is a setting and where it comes from. The zero value is a setting not made.
type Value struct {
	Text   string
	Origin Origin
}

// IsZero reports whether the setting was not made.
func (v Value) IsZero() bool { return v.Text == "" }
