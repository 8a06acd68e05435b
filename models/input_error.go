package models

import "fmt"

// InputCode says to programs what is wrong with a request.
type InputCode string

// The codes of broken requests.
const (
	CodeBadInput        InputCode = "BAD_USER_INPUT"
	CodeInvalidID       InputCode = "INVALID_ID"
	CodeInvalidCursor   InputCode = "INVALID_CURSOR"
	CodePageSize        InputCode = "PAGE_SIZE_OUT_OF_RANGE"
	CodeUnknownLanguage InputCode = "UNKNOWN_LANGUAGE"
	CodeQueryEmpty      InputCode = "SEARCH_QUERY_EMPTY"
	CodeQueryTooLong    InputCode = "SEARCH_QUERY_TOO_LONG"
)

// InputError is a mistake in a request. Its message is for the developer who has written the request.
type InputError struct {
	Code    InputCode
	Message string
}

// Error returns the message.
func (e *InputError) Error() string { return e.Message }

// BadInput makes an InputError.
func BadInput(code InputCode, format string, args ...any) error {
	return &InputError{Code: code, Message: fmt.Sprintf(format, args...)}
}
