package graph

import (
	"bytes"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"ecoseller/cache"
	"ecoseller/telemetry"
)

// lastingFields are the fields of Query whose answers change with the catalogue alone. Searches are not among them: an
// index follows the catalogue a moment later, and nothing tells when.
var lastingFields = map[string]bool{
	"attributeTypes": true, "categories": true, "category": true, "countries": true, "country": true, "currencies": true,
	"priceList": true, "priceLists": true, "product": true, "products": true, "productTypes": true, "__typename": true,
}

// answerKeyOf is the key of a request whose answer may be kept: it has everything that the answer can depend on besides
// the catalogue, so that the same request need not be read again.
func answerKeyOf(r *http.Request, body []byte) (key cache.AnswerKey, ok bool) {
	if r.Header.Get("Authorization") != "" || r.Method != http.MethodGet && r.Method != http.MethodPost {
		return key, false
	}
	asked := make([]byte, 0, 512+len(body))
	for _, part := range []string{
		r.Method, r.Header.Get("Content-Type"), r.Header.Get("Accept"), r.Header.Get("Accept-Language"), r.URL.RawQuery,
	} {
		asked = append(append(asked, part...), 0)
	}
	return sha256.Sum256(append(asked, body...)), true
}

// keepAnswers gives the kept answer, or keeps that of the next handler if it may be kept.
func keepAnswers(o Options, key cache.AnswerKey, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		buffered, ok := w.(*answerWriter) // that of withAnswer
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		kept, done := o.Cache.Answer(r.Context(), key)
		defer done()
		if kept != nil {
			giveKept(buffered, r, kept)
			o.Metrics.observe(kept.Operation, nil, nil, time.Since(started))
			return
		}
		since := o.Cache.Now()
		next.ServeHTTP(w, r)
		a := answerOf(r.Context())
		if a.lasting && buffered.status == http.StatusOK {
			o.Cache.KeepAnswer(key, &cache.Answer{
				Body: bytes.Clone(buffered.body.Bytes()), ContentType: w.Header().Get("Content-Type"), Operation: a.operation,
			}, since, a.on)
		}
	})
}

func giveKept(w *answerWriter, r *http.Request, kept *cache.Answer) {
	answerOf(r.Context()).ran = true
	telemetry.RecordOf(r.Context()).SetOperation(kept.Operation)
	w.Header().Set("Content-Type", kept.ContentType)
	w.kept = kept.Body
}

// noteDependence tells the answer whether it may be kept, and what it then depends on.
func noteDependence(operation *graphql.OperationContext, request *Request, response *graphql.Response, a *answer) {
	if request.Token != nil || operation.Operation.Operation != ast.Query || response == nil || len(response.Errors) > 0 {
		return
	}
	fields := graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{"Query"})
	for _, field := range fields {
		if !lastingFields[field.Name] {
			return
		}
	}
	a.lasting, a.on = true, cache.Dependence{Product: uuid.Nil}
	if product := request.product.Load(); product != nil && len(fields) == 1 && fields[0].Name == "product" {
		a.on.Product = *product
	}
}
