package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"ecoseller/models"
)

// ErrorCode is what extensions.code says to programs; the codes of broken requests are models.InputCode.
type ErrorCode string

// The codes of errors that are not about the input.
const (
	CodeUnauthenticated      ErrorCode = "UNAUTHENTICATED"
	CodeForbidden            ErrorCode = "FORBIDDEN"
	CodeTooComplex           ErrorCode = "QUERY_TOO_COMPLEX"
	CodeQueryTooLarge        ErrorCode = "QUERY_TOO_LARGE"
	CodeIntrospectionOff     ErrorCode = "INTROSPECTION_OFF"
	CodeNotRegistered        ErrorCode = "DOCUMENT_NOT_REGISTERED"
	CodeRateLimited          ErrorCode = "RATE_LIMITED"
	CodeCrossOrigin          ErrorCode = "CROSS_ORIGIN"
	CodeBadRequest           ErrorCode = "BAD_REQUEST"
	CodeBodyTimeout          ErrorCode = "BODY_TIMEOUT"
	CodeTimeout              ErrorCode = "TIMEOUT"
	CodeSearchUnavailable    ErrorCode = "SEARCH_UNAVAILABLE"
	CodeMediaUnavailable     ErrorCode = "MEDIA_UNAVAILABLE"
	CodeTooLarge             ErrorCode = "REQUEST_TOO_LARGE"
	CodeLengthRequired       ErrorCode = "LENGTH_REQUIRED"
	CodeStreamRequired       ErrorCode = "STREAM_REQUIRED"
	CodeTooManySubscriptions ErrorCode = "TOO_MANY_SUBSCRIPTIONS"
	CodeStopping             ErrorCode = "SERVER_STOPPING"
	CodeInternal             ErrorCode = "INTERNAL"
)

// Error is an error that clients see as it is.
type Error struct {
	Code    ErrorCode
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// presentError is the one place where errors become GraphQL errors. What clients can do something about
// keeps its message and gets a code; everything else is logged under an id, which is all the client sees.
func presentError(logger *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		presented := graphql.DefaultErrorPresenter(ctx, err)
		if _, hasCode := presented.Extensions["code"]; hasCode {
			return presented
		}
		code, message := describe(ctx, err)
		if code == "" {
			id := uuid.NewString()
			logger.ErrorContext(ctx, "request failed", "error", err, "path", presented.Path.String(), "error_id", id)
			code, message = string(CodeInternal), "internal error "+id
		}
		return &gqlerror.Error{
			Message: message, Path: presented.Path, Locations: presented.Locations,
			Extensions: map[string]any{"code": code},
		}
	}
}

// describe returns code and message for errors that clients may see; the code is empty for others.
func describe(ctx context.Context, err error) (code, message string) {
	if input, ok := errors.AsType[*models.InputError](err); ok {
		return string(input.Code), input.Message
	}
	if own, ok := errors.AsType[*Error](err); ok {
		return string(own.Code), own.Message
	}
	if number, ok := errors.AsType[*graphql.IntegerError](err); ok {
		return string(models.CodeBadInput), number.Message
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return string(CodeTimeout), "the request took too long"
	}
	if errors.Is(err, context.Canceled) {
		return string(CodeTimeout), "the client has gone"
	}
	// What the executor itself has to say, about variables for instance, has no cause beneath it.
	if own, ok := errors.AsType[*gqlerror.Error](err); ok && own.Unwrap() == nil {
		return string(models.CodeBadInput), withoutBody(own.Message)
	}
	return "", ""
}

// withoutBody cuts the request off what gqlgen says when it cannot be decoded: nobody needs to be sent it back.
func withoutBody(message string) string {
	message, _, _ = strings.Cut(message, " body:")
	return message
}

// recoverPanic logs a panic with its stack.
func recoverPanic(logger *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, panicked any) error {
		logger.ErrorContext(ctx, "resolver panicked", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		return fmt.Errorf("panic: %v", panicked)
	}
}
