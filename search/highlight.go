package search

// How matches are marked: whole titles, and fragments of short descriptions of about so many characters.
const (
	MarkStart    = "<mark>"
	MarkEnd      = "</mark>"
	MaxFragments = 2
	FragmentSize = 160
)
