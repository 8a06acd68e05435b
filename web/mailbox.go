package web

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CaughtMail is a mail as the developers' mailbox shows it.
type CaughtMail struct {
	// Number is its place among all mails that were caught.
	Number   int
	From     string
	To       []string
	Subject  string
	Headers  string
	Text     string
	HTML     string
	Received time.Time
}

// MailboxOptions say where the mails come from.
type MailboxOptions struct {
	// Messages returns what was caught, oldest first.
	Messages func() []CaughtMail
	// Kinds and Languages are what Sample makes mails of, without sending them.
	Kinds     []string
	Languages []string
	Sample    func(kind, language string) (CaughtMail, error)
}

// Mailbox serves what was caught, and a gallery of all templates, below /dev/mailbox. It shows other people's
// mail to everybody: development only.
func Mailbox(o MailboxOptions) (http.Handler, error) {
	pages, err := template.New("").Funcs(template.FuncMap{
		"join":  func(list []string) string { return strings.Join(list, ", ") },
		"label": func(kind string) string { return strings.ReplaceAll(strings.ToLower(kind), "_", " ") },
		"clock": func(t time.Time) string { return t.Format("2006-01-02 15:04:05") },
	}).ParseFS(files, "mailbox.html")
	if err != nil {
		return nil, fmt.Errorf("read mailbox: %w", err)
	}
	m := &mailbox{options: o, pages: pages}
	mux := http.NewServeMux()
	mux.Handle("GET /dev/mailbox", http.RedirectHandler("/dev/mailbox/", http.StatusMovedPermanently))
	mux.HandleFunc("GET /dev/mailbox/{$}", m.list)
	mux.HandleFunc("GET /dev/mailbox/mailbox.css", m.styles)
	mux.HandleFunc("GET /dev/mailbox/messages/{number}", m.caught(m.show))
	mux.HandleFunc("GET /dev/mailbox/messages/{number}/html", m.caught(showHTML))
	mux.HandleFunc("GET /dev/mailbox/templates/{kind}/{language}", m.sample(m.show))
	mux.HandleFunc("GET /dev/mailbox/templates/{kind}/{language}/html", m.sample(showHTML))
	return mux, nil
}

type mailbox struct {
	options MailboxOptions
	pages   *template.Template
}

// show writes one mail; showHTML its HTML part alone, for the frame.
type show func(w http.ResponseWriter, r *http.Request, m CaughtMail)

func (b *mailbox) list(w http.ResponseWriter, _ *http.Request) {
	messages := b.options.Messages()
	slices.Reverse(messages)
	b.page(w, "list", map[string]any{"Messages": messages, "Kinds": b.options.Kinds, "Languages": b.options.Languages})
}

func (b *mailbox) styles(w http.ResponseWriter, _ *http.Request) {
	content, err := files.ReadFile("mailbox.css")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(content)
}

func (b *mailbox) caught(then show) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.PathValue("number"))
		messages := b.options.Messages()
		i := slices.IndexFunc(messages, func(m CaughtMail) bool { return m.Number == number })
		if err != nil || i < 0 {
			http.NotFound(w, r)
			return
		}
		then(w, r, messages[i])
	}
}

func (b *mailbox) sample(then show) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		kind, language := r.PathValue("kind"), r.PathValue("language")
		if !slices.Contains(b.options.Kinds, kind) || !slices.Contains(b.options.Languages, language) {
			http.NotFound(w, r)
			return
		}
		m, err := b.options.Sample(kind, language)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		then(w, r, m)
	}
}

func (b *mailbox) show(w http.ResponseWriter, r *http.Request, m CaughtMail) {
	b.page(w, "message", map[string]any{
		"Mail": m, "Frame": r.URL.Path + "/html", "Kind": r.PathValue("kind"), "Language": r.PathValue("language"), "Languages": b.options.Languages,
	})
}

func (b *mailbox) page(w http.ResponseWriter, name string, data any) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'")
	_ = b.pages.ExecuteTemplate(w, name, data)
}

// showHTML lets a mail do no more than a mail program would: no scripts, no forms, its links in new tabs.
func showHTML(w http.ResponseWriter, _ *http.Request, m CaughtMail) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy",
		"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'")
	// No frame-ancestors: a sandboxed page has an origin of its own, which the mailbox is not.
	page := m.HTML
	if page == "" {
		page = "<p>This mail has no HTML part.</p>"
	}
	_, _ = w.Write([]byte(strings.Replace(page, "<head>", `<head><base target="_blank">`, 1)))
}
