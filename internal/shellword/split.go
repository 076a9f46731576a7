package shellword

// Split splits a command line at the same spaces as a POSIX shell, and leaves the quotes of every
// word in place. The words joined with single spaces are the line again.
func Split(line string) []string {
	var words []string
	start, quote := 0, byte(0)
	for i := 0; i <= len(line); i++ {
		switch {
		case i == len(line) || quote == 0 && line[i] == ' ':
			if i > start {
				words = append(words, line[start:i])
			}
			start = i + 1
		case quote == line[i]:
			quote = 0
		case quote == 0 && (line[i] == '\'' || line[i] == '"'):
			quote = line[i]
		case quote != '\'' && line[i] == '\\' && i+1 < len(line):
			i++ // what follows is not a quote
		}
	}
	return words
}
