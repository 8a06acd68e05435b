package feeds_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/feeds"
	"ecoseller/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

var czech = feeds.Audience{Language: "cs", Country: "CZ"}

func newFeeds(t *testing.T) (*feeds.Feeds, *bun.DB) {
	t.Helper()
	s, db := cataloguetest.NewDemo(t)
	// Ids and times that are the same in each run.
	for _, sql := range []string{
		"UPDATE products SET updated_at = '2026-01-02T03:04:05Z'",
		"UPDATE categories SET updated_at = '2026-01-02T03:04:05Z'",
	} {
		if _, err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	return feeds.New(feeds.Options{
		Store: s, Languages: cataloguetest.Languages(), StorefrontURL: "https://shop.example/", ServerURL: "https://api.shop.example",
		ProductPath: "/{language}/product/{slug}", CategoryPath: "/{language}/category/{slug}",
	}), db
}

// keepOnly deletes all products but those with the skus.
func keepOnly(t *testing.T, db *bun.DB, skus ...string) {
	t.Helper()
	if _, err := db.Exec("DELETE FROM products WHERE id NOT IN (SELECT product_id FROM product_variants WHERE sku IN (?))", bun.List(skus)); err != nil {
		t.Fatal(err)
	}
}

func TestFeedsLookLikeThis(t *testing.T) {
	t.Parallel()
	f, db := newFeeds(t)
	keepOnly(t, db, "HAL-SWAY", "LUM-MINI-BLK")
	if _, err := db.Exec("UPDATE product_prices SET discount_percent = 10 WHERE sku = 'HAL-SWAY'"); err != nil {
		t.Fatal(err)
	}
	var ids []uuid.UUID
	if err := db.NewRaw("SELECT id FROM products ORDER BY id").Scan(t.Context(), &ids); err != nil {
		t.Fatal(err)
	}
	// The order of the products is that of their random ids: each is compared by itself.
	for name, write := range map[string]func(context.Context, io.Writer) error{
		"google-merchant.xml":    func(ctx context.Context, w io.Writer) error { return f.WriteGoogle(ctx, w, czech) },
		"heureka.xml":            func(ctx context.Context, w io.Writer) error { return f.WriteHeureka(ctx, w, czech) },
		"sitemap-products.xml":   func(ctx context.Context, w io.Writer) error { return f.WriteProductSitemap(ctx, w, ids[0]) },
		"sitemap-categories.xml": f.WriteCategorySitemap,
		"sitemap.xml":            f.WriteSitemapIndex,
	} {
		var feed bytes.Buffer
		if err := write(t.Context(), &feed); err != nil {
			t.Fatal(err)
		}
		text := feed.String()
		for i, id := range ids {
			text = strings.ReplaceAll(text, id.String(), "product-"+string(rune('a'+i)))
		}
		compare(t, name, normalised(text))
	}
}

// normalised sorts what stands in the order of random ids.
func normalised(text string) string {
	for _, element := range []string{"item", "SHOPITEM", "url"} {
		text = sortElements(text, element)
	}
	return strings.NewReplacer("product-a", "product", "product-b", "product").Replace(text)
}

func sortElements(text, element string) string {
	begin, end := "<"+element+">", "</"+element+">"
	first, last := strings.Index(text, begin), strings.LastIndex(text, end)
	if first < 0 {
		return text
	}
	parts := strings.SplitAfter(text[first:last+len(end)], end)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	sortStrings(parts)
	return text[:first] + strings.TrimSpace(strings.Join(parts, "\n")) + text[last+len(end):]
}

func sortStrings(parts []string) {
	for i := range parts {
		for j := i; j > 0 && parts[j] < parts[j-1]; j-- {
			parts[j], parts[j-1] = parts[j-1], parts[j]
		}
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; look at it, then run the test with -update:\n%s", name, got)
	}
}

// wellFormed reads the document to its end and counts its elements.
func wellFormed(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, document io.Reader,
) map[string]int {
	t.Helper()
	counts := map[string]int{}
	decoder := xml.NewDecoder(document)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return counts
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			counts[start.Name.Local]++
		}
	}
}

func TestFeedsHaveWhatCustomersCanBuy(t *testing.T) {
	t.Parallel()
	f, db := newFeeds(t)
	for _, sql := range []string{
		"UPDATE products SET published = false WHERE id IN (SELECT product_id FROM product_variants WHERE sku = 'HAL-SWAY')",
		"DELETE FROM product_prices WHERE sku = 'LUM-MINI-BLK' AND price_list = 'czk'",
	} {
		if _, err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	var offers int
	err := db.NewRaw(`SELECT count(*) FROM product_prices JOIN product_variants AS v USING (sku) JOIN products AS p ON p.id = v.product_id
		WHERE price_list = 'czk' AND p.published AND EXISTS (SELECT FROM product_translations AS t WHERE t.product_id = p.id)`).Scan(t.Context(), &offers)
	if err != nil {
		t.Fatal(err)
	}
	for element, write := range map[string]func(context.Context, io.Writer, feeds.Audience) error{"item": f.WriteGoogle, "SHOPITEM": f.WriteHeureka} {
		var feed bytes.Buffer
		ctx, statements := store.CountStatements(t.Context())
		if err := write(ctx, &feed, czech); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(feed.String(), "HAL-SWAY") || strings.Contains(feed.String(), ">LUM-MINI-BLK<") {
			t.Errorf("%s: the feed has what customers cannot buy", element)
		}
		if n := wellFormed(t, &feed)[element]; n != offers {
			t.Errorf("%d %ss, want %d", n, element, offers)
		}
		// The transaction, the market, two looks for ids, and eight reads for the only batch.
		if n := statements.Load(); n > 12 {
			t.Errorf("%d statements for a batch", n)
		}
	}
	var abroad bytes.Buffer
	if err := f.WriteHeureka(t.Context(), &abroad, feeds.Audience{Language: "en", Country: "US"}); err != nil || wellFormed(t, &abroad)["SHOPITEM"] != 0 {
		t.Errorf("prices with VAT for a country without: %v", err)
	}
}

// TestAnyTextMakesWellFormedXML puts every kind of text where texts can be.
func TestAnyTextMakesWellFormedXML(t *testing.T) {
	t.Parallel()
	f, db := newFeeds(t)
	keepOnly(t, db, "HAL-SWAY")
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"]]>", "<b>bold</b> & <i>italics</i>", "\x01\x0b\x1f", "🎧 sluchátka", "\uFFFE\uFFFF", "<script>alert(1)</script>", "&amp;lt;", strings.Repeat("dlouhé ", 2000),
		})).Draw(r, "text")
		text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
		_, err := db.Exec("UPDATE product_translations SET title = 'x' || ?, description = ?", text, text)
		if err != nil {
			r.Fatal(err)
		}
		for element, write := range map[string]func(context.Context, io.Writer, feeds.Audience) error{"item": f.WriteGoogle, "SHOPITEM": f.WriteHeureka} {
			var feed bytes.Buffer
			if err := write(context.Background(), &feed, czech); err != nil {
				r.Fatal(err)
			}
			if n := wellFormed(r, &feed)[element]; n == 0 {
				r.Fatalf("nothing in the feed of %ss", element)
			}
		}
	})
}

func TestFeedsOverHTTP(t *testing.T) {
	t.Parallel()
	f, _ := newFeeds(t)
	server := httptest.NewServer(f.Handler("CZ", slog.New(slog.NewTextHandler(t.Output(), nil))))
	defer server.Close()
	for path, want := range map[string]int{
		"/feeds/google-merchant.xml":                            http.StatusOK,
		"/feeds/heureka.xml?language=sk&country=SK":             http.StatusOK,
		"/feeds/heureka.xml?language=cs&priceList=eur":          http.StatusOK,
		"/feeds/sitemap.xml":                                    http.StatusOK,
		"/feeds/sitemap-categories.xml":                         http.StatusOK,
		"/feeds/sitemap-products.xml?from=" + uuid.Nil.String(): http.StatusOK,
		"/feeds/sitemap-products.xml":                           http.StatusBadRequest,
		"/feeds/google-merchant.xml?language=de":                http.StatusBadRequest,
		"/feeds/google-merchant.xml?country=Czechia":            http.StatusBadRequest,
		"/feeds/other.xml":                                      http.StatusNotFound,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "gzip")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want {
			t.Errorf("%s: %s", path, response.Status)
		}
		if want == http.StatusOK {
			unpacked, err := gzip.NewReader(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, unpacked)
		}
		_ = response.Body.Close()
	}
}

// TestHalfAFeedIsBroken has the database fail in the middle.
func TestHalfAFeedIsBroken(t *testing.T) {
	t.Parallel()
	f, db := newFeeds(t)
	server := httptest.NewServer(f.Handler("CZ", slog.New(slog.DiscardHandler)))
	defer server.Close()
	if _, err := db.Exec("ALTER TABLE product_media RENAME TO elsewhere"); err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(server.URL + "/feeds/heureka.xml")
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		if _, err = io.ReadAll(response.Body); err == nil {
			t.Error("a feed that failed looks whole")
		}
	}
}
