package graph

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/time/rate"
)

const (
	// requestWeight is what a request costs besides its operation: one that is refused has been read nevertheless.
	requestWeight = 10
	// rememberedClients bounds the memory; who has been away longest starts anew.
	rememberedClients = 100_000
	statusTooMany     = http.StatusTooManyRequests
)

// rateLimiter gives each client a bucket that fills evenly, and takes from it what the client asks for.
type rateLimiter struct {
	limits  Limits
	buckets *lru.Cache[string, *rate.Limiter]
	now     func() time.Time
}

func newRateLimiter(limits Limits) *rateLimiter {
	buckets, err := lru.New[string, *rate.Limiter](rememberedClients)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &rateLimiter{limits: limits, buckets: buckets, now: time.Now}
}

// client is who pays: a token, or an address.
type client struct {
	name string
	// rate is the complexity it may ask for within the window; 0 is no limit.
	rate int
}

type clientKey struct{}

// admit has the client of a request pay for the request itself, and refuses those that cannot.
func (l *rateLimiter) admit(clientAddress func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := l.withClient(r.Context(), clientAddress(r))
		if err := l.charge(ctx, requestWeight); err != nil {
			refuse(w, statusTooMany, CodeRateLimited, err.Message)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// withClient says who pays: the token of the context, or the address.
func (l *rateLimiter) withClient(ctx context.Context, address string) context.Context {
	payer := client{name: "address " + address, rate: l.limits.Rate}
	if token := tokenOf(ctx); token != nil {
		payer = client{name: "token " + token.ID.String(), rate: l.limits.TokenRate}
	}
	return context.WithValue(ctx, clientKey{}, payer)
}

// charge takes a price from the bucket of the request's client, and tells the answer what is left.
func (l *rateLimiter) charge(ctx context.Context, price int) *gqlerror.Error {
	payer, known := ctx.Value(clientKey{}).(client)
	if !known || payer.rate == 0 {
		return nil
	}
	now, bucket := l.now(), l.bucket(payer)
	allowed := bucket.AllowN(now, price)
	left := allowance{quota: payer.rate, window: l.limits.RateWindow, left: bucket.TokensAt(now)}
	if !allowed {
		left.wait = time.Duration((float64(price) - left.left) / float64(bucket.Limit()) * float64(time.Second))
	}
	answerOf(ctx).rate = &left
	if allowed {
		return nil
	}
	return refusal(CodeRateLimited, "this client has asked for too much; try again in %d seconds", ceilSeconds(left.wait))
}

func (l *rateLimiter) bucket(payer client) *rate.Limiter {
	if bucket, known := l.buckets.Get(payer.name); known {
		return bucket
	}
	bucket := rate.NewLimiter(rate.Limit(float64(payer.rate)/l.limits.RateWindow.Seconds()), payer.rate)
	if present, known, _ := l.buckets.PeekOrAdd(payer.name, bucket); known {
		return present
	}
	return bucket
}

// allowance is what a client may still ask for.
type allowance struct {
	// quota is what fits into the bucket, which fills within the window.
	quota  int
	window time.Duration
	left   float64
	// wait is how long until what was refused is possible.
	wait time.Duration
}

// describe writes the fields of draft-ietf-httpapi-ratelimit-headers.
func (a *allowance) describe(header http.Header, refused bool) {
	left := max(0, int(a.left))
	full := time.Duration(float64(a.quota-left) / float64(a.quota) * float64(a.window))
	header.Set("Ratelimit-Policy", `"complexity";q=`+strconv.Itoa(a.quota)+`;w=`+strconv.Itoa(ceilSeconds(a.window)))
	header.Set("Ratelimit", `"complexity";r=`+strconv.Itoa(left)+`;t=`+strconv.Itoa(ceilSeconds(full)))
	if refused {
		header.Set("Retry-After", strconv.Itoa(max(1, ceilSeconds(a.wait))))
	}
}

func ceilSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
