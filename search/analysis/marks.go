package analysis

// The marks tell stems and codes from words where they stand side by side, so that a stem does not match another
// word's whole form. No word contains them.
const (
	StemMark = "~"
	CodeMark = "#"
)
