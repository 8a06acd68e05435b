package graph

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/time/rate"

	"ecoseller/models"
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

// newRateLimiter returns nil, which charges nothing, where there is no limit.
func newRateLimiter(limits Limits) *rateLimiter {
	if limits.Rate == 0 {
		return nil
	}
	buckets, err := lru.New[string, *rate.Limiter](rememberedClients)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &rateLimiter{limits: limits, buckets: buckets, now: time.Now}
}

type clientKey struct{}

// admit has the client of a request pay for the request itself, and refuses those that cannot.
func (l *rateLimiter) admit(clientAddress func(*http.Request) string, next http.Handler) http.Handler {
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "address " + clientAddress(r)
		if token, _ := r.Context().Value(tokenKey{}).(*models.AccessToken); token != nil {
			name = "token " + token.ID.String()
		}
		ctx := context.WithValue(r.Context(), clientKey{}, name)
		if err := l.charge(ctx, requestWeight); err != nil {
			refuse(w, statusTooMany, CodeRateLimited, err.Message)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// charge takes a price from the bucket of the request's client, and tells the answer what is left.
func (l *rateLimiter) charge(ctx context.Context, price int) *gqlerror.Error {
	name, known := ctx.Value(clientKey{}).(string)
	if l == nil || !known {
		return nil
	}
	now, bucket := l.now(), l.bucket(name)
	allowed := bucket.AllowN(now, price)
	left := allowance{limits: l.limits, left: bucket.TokensAt(now)}
	if !allowed {
		left.wait = time.Duration((float64(price) - left.left) / float64(bucket.Limit()) * float64(time.Second))
	}
	answerOf(ctx).rate = &left
	if allowed {
		return nil
	}
	return refusal(CodeRateLimited, "this client has asked for too much; try again in %d seconds", ceilSeconds(left.wait))
}

func (l *rateLimiter) bucket(name string) *rate.Limiter {
	if bucket, known := l.buckets.Get(name); known {
		return bucket
	}
	bucket := rate.NewLimiter(rate.Limit(float64(l.limits.Rate)/l.limits.RateWindow.Seconds()), l.limits.Rate)
	if present, known, _ := l.buckets.PeekOrAdd(name, bucket); known {
		return present
	}
	return bucket
}

// allowance is what a client may still ask for.
type allowance struct {
	limits Limits
	left   float64
	// wait is how long until what was refused is possible.
	wait time.Duration
}

// describe writes the fields of draft-ietf-httpapi-ratelimit-headers.
func (a *allowance) describe(header http.Header, refused bool) {
	left := max(0, int(a.left))
	perSecond := float64(a.limits.Rate) / a.limits.RateWindow.Seconds()
	full := time.Duration(float64(a.limits.Rate-left) / perSecond * float64(time.Second))
	header.Set("RateLimit-Policy", fmt.Sprintf(`"complexity";q=%d;w=%d`, a.limits.Rate, ceilSeconds(a.limits.RateWindow)))
	header.Set("RateLimit", fmt.Sprintf(`"complexity";r=%d;t=%d`, left, ceilSeconds(full)))
	if refused {
		header.Set("Retry-After", strconv.Itoa(max(1, ceilSeconds(a.wait))))
	}
}

func ceilSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
