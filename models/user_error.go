package models

import (
	"fmt"
	"strings"
)

// UserErrorCode says to programs what is wrong with an input.
type UserErrorCode string

// The kinds of mistakes in an input.
const (
	UserErrorRequired             UserErrorCode = "REQUIRED"
	UserErrorInvalid              UserErrorCode = "INVALID"
	UserErrorInvalidAddress       UserErrorCode = "INVALID_ADDRESS"
	UserErrorTooLong              UserErrorCode = "TOO_LONG"
	UserErrorTooLarge             UserErrorCode = "TOO_LARGE"
	UserErrorTooMany              UserErrorCode = "TOO_MANY"
	UserErrorIdempotencyKeyReused UserErrorCode = "IDEMPOTENCY_KEY_REUSED"
	UserErrorNotFound             UserErrorCode = "NOT_FOUND"
	UserErrorStaleVersion         UserErrorCode = "STALE_VERSION"
	UserErrorTaken                UserErrorCode = "TAKEN"
	UserErrorInUse                UserErrorCode = "IN_USE"
	UserErrorCycle                UserErrorCode = "CYCLE"
	UserErrorUnknownLanguage      UserErrorCode = "UNKNOWN_LANGUAGE"
	UserErrorRateLimited          UserErrorCode = "RATE_LIMITED"
	UserErrorSuppressed           UserErrorCode = "SUPPRESSED"
	UserErrorWrongState           UserErrorCode = "WRONG_STATE"
)

// UserError is a mistake in an input that the caller can mend.
type UserError struct {
	// Field is the path of the input field.
	Field   []string
	Message string
	Code    UserErrorCode
}

// UserErrors are why a change was refused; nothing was changed then.
type UserErrors []*UserError

// Error lists the messages.
func (e UserErrors) Error() string {
	messages := make([]string, len(e))
	for i, one := range e {
		messages[i] = strings.Join(one.Field, ".") + ": " + one.Message
	}
	return strings.Join(messages, "; ")
}

// Addf notes a mistake; the field is a path such as "input.translations.0.title".
func (e *UserErrors) Addf(code UserErrorCode, field, format string, args ...any) {
	*e = append(*e, &UserError{Field: strings.Split(field, "."), Message: fmt.Sprintf(format, args...), Code: code})
}

// OrNil is nil when there are no mistakes, so that it can be returned as an error.
func (e UserErrors) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Refuse makes the error of a single mistake.
func Refuse(code UserErrorCode, field, format string, args ...any) error {
	var e UserErrors
	e.Addf(code, field, format, args...)
	return e
}
