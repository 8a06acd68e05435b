package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"ecoseller/cache"
	"ecoseller/telemetry"
)

// Limits are what one request, and one client, may ask for at most. Its fields are those of config.Limits.
type Limits struct {
	// QueryBytes and Tokens are the length of a document.
	QueryBytes int
	Tokens     int
	// RepeatedFields is how many fields of a document may have one name in the answer.
	RepeatedFields int
	// Fields, Depth and Aliases are counted with every fragment put in where it is spread.
	Fields  int
	Depth   int
	Aliases int
	// Complexity is how many fields an answer may have, as far as can be known before.
	Complexity int
	// PageSize is how many items a page may have.
	PageSize int
	// BodyBytes is the length of a request without files, BodyTime how long it may take to arrive.
	BodyBytes int64
	BodyTime  time.Duration
	// UploadTime is how long a request with files may take: lines of editors are slower than those of servers.
	UploadTime time.Duration
	// Rate is the complexity a client may ask for within RateWindow, TokenRate one with a token; 0 is no limit.
	Rate       int
	TokenRate  int
	RateWindow time.Duration
	// Subscriptions is how many may be open at once, SubscriptionsPerConnection over one WebSocket.
	Subscriptions              int
	SubscriptionsPerConnection int
}

// protocolCodes are of operations that are refused before they run. gqlgen answers them with 422 instead of 200.
var protocolCodes = []ErrorCode{CodeQueryTooLarge, CodeTooComplex, CodeIntrospectionOff, CodeNotRegistered, CodeStreamRequired}

func init() { //nolint:gochecknoinits // gqlgen keeps the codes in a map of its own, which nothing may write to while requests run
	for _, code := range protocolCodes {
		errcode.RegisterErrorType(string(code), errcode.KindProtocol)
	}
}

// refusal is an error of an operation that is not run.
func refusal(code ErrorCode, format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	err.Extensions = map[string]any{"code": string(code)}
	return err
}

// answer is what is found out about a response while it is made, for those who write its head.
type answer struct {
	// status takes the place of the transport's, if it is not 0.
	status int
	// ran says that an operation has been run, failed that the response has errors.
	ran, failed bool
	// rate is what is left to the client.
	rate *allowance
	// lasting says that the answer may be kept until what it depends on has changed.
	lasting bool
	on      cache.Dependence
	// direct says that the transport writes one response, as JSON. data is then what the response has, when that is
	// nothing but data.
	direct bool
	data   json.RawMessage
	// operation is what the log says of it.
	operation telemetry.Operation
}

type answerKey struct{}

func answerOf(ctx context.Context) *answer {
	a, _ := ctx.Value(answerKey{}).(*answer)
	if a == nil {
		return &answer{}
	}
	return a
}

// noteOutcome is a response middleware that tells the answer how the operation went.
func noteOutcome(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	a := answerOf(ctx)
	a.ran = true
	a.failed = a.failed || response == nil || len(response.Errors) > 0
	if a.direct && !a.failed && len(response.Extensions) == 0 {
		a.data, response.Data = response.Data, nil
	}
	return response
}

// withAnswer gives requests an answer, and writes the head of the response by it.
func withAnswer(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{}
		buffered := &answerWriter{ResponseWriter: w, answer: a, status: http.StatusOK}
		next.ServeHTTP(buffered, r.WithContext(context.WithValue(r.Context(), answerKey{}, a)))
		buffered.finish(o, r)
	})
}
