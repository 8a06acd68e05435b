package mail

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"ecoseller/models"
)

// macBytes is how much of the signature a link carries: 128 bits.
const macBytes = 16

// Unsubscriber makes and reads the links by which customers unsubscribe. A link names the mail and is
// signed; addresses are not in it.
type Unsubscriber struct {
	key  []byte
	base string
}

// NewUnsubscriber returns an unsubscriber whose links lead to the server at an address such as
// https://api.shop.example.
func NewUnsubscriber(key []byte, serverURL string) *Unsubscriber {
	return &Unsubscriber{key: key, base: strings.TrimSuffix(serverURL, "/") + "/unsubscribe/"}
}

// URL is the link of a mail.
func (u *Unsubscriber) URL(id uuid.UUID) string {
	return u.base + base64.RawURLEncoding.EncodeToString(append(id[:], u.mac(id)...))
}

// parse returns the mail of a link's last part, if it is one of ours.
func (u *Unsubscriber) parse(token string) (id uuid.UUID, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != len(id)+macBytes {
		return uuid.Nil, false
	}
	copy(id[:], raw)
	return id, hmac.Equal(raw[len(id):], u.mac(id))
}

func (u *Unsubscriber) mac(id uuid.UUID) []byte {
	mac := hmac.New(sha256.New, u.key)
	mac.Write([]byte("unsubscribe "))
	mac.Write(id[:])
	return mac.Sum(nil)[:macBytes]
}

// Suppressor writes down who has unsubscribed, by the mail, and returns the mail's language: an empty one
// where there is no such mail.
type Suppressor interface {
	Unsubscribe(ctx context.Context, email uuid.UUID) (models.LanguageCode, error)
	EmailLanguage(ctx context.Context, email uuid.UUID) (models.LanguageCode, error)
}

// Handler serves /unsubscribe/{token}. Mail programs POST to it without asking (RFC 8058). People open it in
// a browser and get a button, because programs that look through mail follow all links.
func (u *Unsubscriber) Handler(s Suppressor, r *Renderer, logger *slog.Logger) http.Handler {
	serve := func(w http.ResponseWriter, request *http.Request, act func(context.Context, uuid.UUID) (models.LanguageCode, error), done bool) {
		id, ok := u.parse(request.PathValue("token"))
		if !ok {
			http.NotFound(w, request)
			return
		}
		language, err := act(request.Context(), id)
		switch {
		case err != nil:
			logger.ErrorContext(request.Context(), "unsubscribe", "email", id, "error", err)
			http.Error(w, "try again later", http.StatusServiceUnavailable)
		case language == "":
			http.NotFound(w, request)
		default:
			r.unsubscribePage(w, language, done)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /unsubscribe/{token}", func(w http.ResponseWriter, request *http.Request) {
		serve(w, request, s.EmailLanguage, false)
	})
	mux.HandleFunc("POST /unsubscribe/{token}", func(w http.ResponseWriter, request *http.Request) {
		request.Body = http.MaxBytesReader(w, request.Body, 1<<10)
		serve(w, request, s.Unsubscribe, true)
	})
	return mux
}

var unsubscribeTemplate = template.Must(template.New("unsubscribe").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{.Shop}}</title>
<style>body{margin:0;background:#f2f1ee;color:#22262a;font:16px/1.5 "Segoe UI",Roboto,Helvetica,Arial,sans-serif}
main{max-width:480px;margin:48px auto;background:#fff;border-radius:10px;padding:32px}h1{font-size:20px;margin:0 0 16px}
button{background:#14665b;color:#fff;border:0;border-radius:6px;padding:12px 24px;font:inherit;font-weight:700;cursor:pointer}</style></head>
<body><main><h1>{{.Shop}}</h1><p>{{.Text}}</p>{{with .Button}}<form method="post"><button>{{.}}</button></form>{{end}}</main></body></html>
`))

func (r *Renderer) unsubscribePage(w http.ResponseWriter, language models.LanguageCode, done bool) {
	words := r.wordsFor(language)
	page := map[string]any{"Language": words.code, "Shop": r.shop.Name}
	if done {
		page["Text"] = words.texts["unsubscribe.done"]["other"]
	} else {
		page["Text"], page["Button"] = words.texts["unsubscribe.question"]["other"], words.texts["unsubscribe.button"]["other"]
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	_ = unsubscribeTemplate.Execute(w, page)
}
