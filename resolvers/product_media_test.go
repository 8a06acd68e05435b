package resolvers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ecoseller/catalogue"
	"ecoseller/models"
)

// upload is a request of the GraphQL multipart request specification.
type upload struct {
	product string
	version int64
	files   [][]byte
	header  []string
	// chunked sends the body without saying how long it is.
	chunked bool
}

const uploadMutation = `mutation($product: ID!, $version: Int!, $files: [Upload!]!) {
	uploadProductMedia(productId: $product, version: $version, files: $files) {
		product { version media { id url width height position small: url(width: 300) huge: url(width: 5000) srcset } }
		userErrors { field code message }
	}
}`

type uploadedMedia struct {
	ID, URL, Small, Huge string
	Srcset               *string
	Width, Height        *int
	Position             int
}

type uploadAnswer struct {
	status int
	code   string
	Data   struct {
		UploadProductMedia *struct {
			Product *struct {
				Version int64
				Media   []uploadedMedia
			}
			UserErrors []struct {
				Field []string
				Code  string
			}
		}
	}
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// problems are the codes of the user errors with their fields.
func (a uploadAnswer) problems() string {
	var all []string
	if a.Data.UploadProductMedia != nil {
		for _, e := range a.Data.UploadProductMedia.UserErrors {
			all = append(all, e.Code+" "+strings.Join(e.Field, "."))
		}
	}
	return strings.Join(all, ", ")
}

func (u upload) body(t *testing.T) (content []byte, contentType string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	places := map[string][]string{}
	for i := range u.files {
		places[fmt.Sprint(i)] = []string{fmt.Sprintf("variables.files.%d", i)}
	}
	operations, _ := json.Marshal(map[string]any{
		"query": uploadMutation, "variables": map[string]any{"product": u.product, "version": u.version, "files": make([]*int, len(u.files))},
	})
	_ = form.WriteField("operations", string(operations))
	where, _ := json.Marshal(places)
	_ = form.WriteField("map", string(where))
	for i, file := range u.files {
		part, err := form.CreateFormFile(fmt.Sprint(i), "picture.jpg")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(file)
	}
	_ = form.Close()
	return body.Bytes(), form.FormDataContentType()
}

// send sends the request over HTTP.
func (u upload) send(t *testing.T, address string) uploadAnswer {
	t.Helper()
	content, contentType := u.body(t)
	var body io.Reader = bytes.NewReader(content)
	if u.chunked {
		body = io.MultiReader(body)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/graphql", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	for i := 0; i < len(u.header); i += 2 {
		request.Header.Set(u.header[i], u.header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := uploadAnswer{status: response.StatusCode}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatalf("status %d: %s", response.StatusCode, err)
	}
	if len(answer.Errors) > 0 {
		answer.code = answer.Errors[0].Extensions.Code
	}
	return answer
}

// serving is a shop over HTTP with a product to upload pictures of.
type serving struct {
	*shop

	address string
	product string
}

func newServing(t *testing.T) *serving {
	t.Helper()
	s := newShop(t)
	mux := http.NewServeMux()
	mux.Handle("/graphql", s.handler)
	mux.Handle("/media/", s.pictures.Handler())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var data struct{ Product struct{ ID string } }
	s.data(t, &data, `{ product(sku: "HAL-SWAY") { id } }`, nil)
	return &serving{shop: s, address: server.URL, product: data.Product.ID}
}

// now returns the version and the pictures of the product.
func (s *serving) now(t *testing.T) (version int64, media []uploadedMedia) {
	t.Helper()
	var data struct {
		Product struct {
			Version int64
			Media   []uploadedMedia
		}
	}
	s.data(t, &data, `{ product(sku: "HAL-SWAY") { version media { id url width height position small: url(width: 300) huge: url(width: 5000) srcset } } }`, nil)
	return data.Product.Version, data.Product.Media
}

func (s *serving) bearer() []string { return []string{"Authorization", "Bearer " + s.token} }

func plain(width, height int, shade uint8) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = shade
	}
	return picture
}

func jpegPicture(width, height int, shade uint8) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, plain(width, height, shade), nil)
	return b.Bytes()
}

func pngPicture(picture image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, picture)
	return b.Bytes()
}

func TestUploadPictures(t *testing.T) {
	t.Parallel()
	s := newServing(t)
	version, before := s.now(t)
	transparent := image.NewNRGBA(image.Rect(0, 0, 700, 350))
	transparent.SetNRGBA(3, 3, color.NRGBA{R: 200, A: 128})

	answer := upload{product: s.product, version: version, files: [][]byte{jpegPicture(1000, 500, 90), pngPicture(transparent)}, header: s.bearer()}.send(t, s.address)
	if answer.code != "" || answer.problems() != "" {
		t.Fatalf("%s %s", answer.code, answer.problems())
	}
	_, media := s.now(t)
	if len(media) != len(before)+2 || answer.Data.UploadProductMedia.Product.Version != version+1 {
		t.Fatalf("%d pictures, version %d", len(media), answer.Data.UploadProductMedia.Product.Version)
	}
	if foreign := media[0]; foreign.Small != foreign.URL || foreign.Srcset != nil || foreign.Width != nil {
		t.Errorf("a picture that lies elsewhere: %+v", foreign)
	}
	photo, drawing := media[len(before)], media[len(before)+1]
	if *photo.Width != 1000 || *photo.Height != 500 || *drawing.Width != 700 || photo.Position >= drawing.Position {
		t.Errorf("%+v, %+v", photo, drawing)
	}
	for address, want := range map[string]string{
		photo.URL: "1000×500", photo.Huge: "1000×500", photo.Small: "320×160", drawing.Small: "320×160", drawing.URL: "700×350",
	} {
		if got := s.sizeAt(t, address); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
	widths := 0
	for source := range strings.SplitSeq(*photo.Srcset, ", ") {
		address, width, _ := strings.Cut(source, " ")
		if got := s.sizeAt(t, address); !strings.HasPrefix(got, strings.TrimSuffix(width, "w")+"×") {
			t.Errorf("%s is %s", source, got)
		}
		widths++
	}
	if widths != 6 { // 160, 320, 480, 640, 960 and its own
		t.Errorf("%d widths: %s", widths, *photo.Srcset)
	}
}

// sizeAt loads a picture from its address and returns its size.
func (s *serving) sizeAt(t *testing.T, address string) string {
	t.Helper()
	path, ours := strings.CutPrefix(address, mediaAddresses.Base)
	if !ours {
		t.Fatalf("%s is not an address of ours", address)
	}
	response, err := http.Get(s.address + "/media" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	config, _, err := image.DecodeConfig(response.Body)
	if err != nil {
		return fmt.Sprintf("status %d", response.StatusCode)
	}
	return fmt.Sprintf("%d×%d", config.Width, config.Height)
}

func TestUploadsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newServing(t)
	version, before := s.now(t)
	good := jpegPicture(100, 100, 1)
	mailer, err := s.store.CreateAccessToken(t.Context(), "mailer", []models.Permission{models.PermissionSendEmail})
	if err != nil {
		t.Fatal(err)
	}
	many := make([][]byte, 11)
	for i := range many {
		many[i] = jpegPicture(10, 10, uint8(i))
	}
	crossSite := []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}
	tests := []struct {
		name     string
		upload   upload
		status   int
		code     string
		problems string
	}{
		{"no token", upload{files: [][]byte{good}}, 401, "UNAUTHENTICATED", ""},
		{"a form of another site", upload{files: [][]byte{good}, header: crossSite}, 403, "CROSS_ORIGIN", ""},
		{"a form of another site with a cookie", upload{files: [][]byte{good}, header: append(crossSite, "Cookie", "session="+s.token)}, 403, "CROSS_ORIGIN", ""},
		{"no permission", upload{files: [][]byte{good}, header: []string{"Authorization", "Bearer " + mailer}}, 403, "FORBIDDEN", ""},
		{"without a length", upload{files: [][]byte{good}, chunked: true}, 411, "LENGTH_REQUIRED", ""},
		{"too large as a whole", upload{files: [][]byte{make([]byte, 11*maxPicture+1<<20)}}, 413, "REQUEST_TOO_LARGE", ""},
		{"too large", upload{files: [][]byte{append(bytes.Clone(good), make([]byte, maxPicture)...)}}, 200, "", "TOO_LARGE files.0"},
		{"HTML as a picture", upload{files: [][]byte{good, []byte("<html><script>alert(1)</script>")}}, 200, "", "INVALID files.1"},
		{"SVG as a picture", upload{files: [][]byte{[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)}}, 200, "", "INVALID files.0"},
		{"cut short", upload{files: [][]byte{good[:len(good)/2], good, good[:10]}}, 200, "", "INVALID files.0, INVALID files.2"},
		{"twice the same", upload{files: [][]byte{good, good}}, 200, "", "TAKEN files.1"},
		{"too many", upload{files: many}, 200, "", "TOO_MANY files"},
		{"none", upload{}, 200, "", "TOO_MANY files"},
		{"stale version", upload{files: [][]byte{good}, version: version + 7}, 200, "", "STALE_VERSION version"},
		{"no such product", upload{files: [][]byte{good}, product: models.GlobalID(models.KindProduct, "7f0c7f0e-0000-4000-8000-000000000000")}, 200, "", "NOT_FOUND id"},
		{"id of another kind", upload{files: [][]byte{good}, product: models.GlobalID(models.KindCategory, "7f0c7f0e-0000-4000-8000-000000000000")}, 200, "INVALID_ID", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := test.upload
			if u.product == "" {
				u.product = s.product
			}
			if u.version == 0 {
				u.version = version
			}
			if u.header == nil && test.status != http.StatusUnauthorized {
				u.header = s.bearer()
			}
			answer := u.send(t, s.address)
			if answer.status != test.status || answer.code != test.code || answer.problems() != test.problems {
				t.Errorf("got %d, %q, %q", answer.status, answer.code, answer.problems())
			}
		})
	}
	if now, media := s.now(t); now != version || len(media) != len(before) {
		t.Errorf("something was changed: version %d, %d pictures", now, len(media))
	}
}

// TestFormsOfOtherSites sends what a page of another site can make a browser send without asking us first: a form with
// any operation, even one that needs no permission.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := newServing(t)
	for _, contentType := range []string{"multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"} {
		form := "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + `{"query": "{ priceLists { code } }"}` +
			"\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{}\r\n--x--\r\n"
		response, err := http.Post(s.address+"/graphql", contentType, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode < 400 || strings.Contains(string(answer), "priceLists") {
			t.Errorf("%s: status %d: %s", contentType, response.StatusCode, answer)
		}
	}
}

func TestUploadAgainAndElsewhere(t *testing.T) {
	t.Parallel()
	s := newServing(t)
	version, _ := s.now(t)
	file := jpegPicture(400, 200, 77)
	first := upload{product: s.product, version: version, files: [][]byte{file}, header: s.bearer()}.send(t, s.address)
	if first.problems() != "" {
		t.Fatal(first.problems())
	}
	again := upload{product: s.product, version: version + 1, files: [][]byte{file}, header: s.bearer()}.send(t, s.address)
	if again.problems() != "TAKEN files.0" {
		t.Errorf("again: %q", again.problems())
	}
	// The address of an uploaded picture is known as that picture: with its widths.
	media := first.Data.UploadProductMedia.Product.Media
	address := media[len(media)-1].URL
	var other struct {
		Product struct {
			ID      string
			Version int64
		}
	}
	s.data(t, &other, `{ product(sku: "LUM-MINI-BLK") { id version } }`, nil)
	var added struct {
		AddProductMedia struct {
			Product struct{ Media []uploadedMedia }
		}
	}
	s.data(t, &added, fmt.Sprintf(`mutation { addProductMedia(productId: %q, version: %d, url: %q) { product { media { url width } } } }`,
		other.Product.ID, other.Product.Version, address), nil, s.bearer()...)
	if m := added.AddProductMedia.Product.Media; m[len(m)-1].URL != address || m[len(m)-1].Width == nil {
		t.Errorf("%+v", m)
	}
}

// TestUploadedPicturesTravel exports a catalogue with an uploaded picture and imports it: into the same shop, which
// knows the picture as its own, and into an empty one, where it lies elsewhere.
func TestUploadedPicturesTravel(t *testing.T) {
	t.Parallel()
	s := newServing(t)
	version, _ := s.now(t)
	answer := upload{product: s.product, version: version, files: [][]byte{jpegPicture(400, 200, 5)}, header: s.bearer()}.send(t, s.address)
	if answer.problems() != "" {
		t.Fatal(answer.problems())
	}
	_, before := s.now(t)
	for _, format := range []catalogue.Format{catalogue.FormatNDJSON, catalogue.FormatCSV} {
		var file bytes.Buffer
		if _, err := catalogue.NewExporter(s.store, mediaAddresses).Export(t.Context(), format, &file, nil); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(file.String(), before[len(before)-1].URL) {
			t.Fatalf("%s does not have %s", format, before[len(before)-1].URL)
		}
		importer := catalogue.NewImporter(s.store, mediaAddresses)
		run := importer.Import
		if format == catalogue.FormatCSV {
			run = importer.ImportCSV
		}
		if _, err := run(t.Context(), &file, func(r catalogue.Refusal) { t.Error(r.Reason) }); err != nil {
			t.Fatal(err)
		}
		if _, after := s.now(t); len(after) != len(before) || after[len(after)-1].ID != before[len(before)-1].ID || after[len(after)-1].Width == nil {
			t.Errorf("%s: %+v, want %+v", format, after, before)
		}
	}
}

// TestSweep removes what nobody shows, and keeps what somebody may still restore.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := newServing(t)
	version, _ := s.now(t)
	answer := upload{
		product: s.product, version: version, header: s.bearer(),
		files: [][]byte{jpegPicture(400, 200, 1), jpegPicture(400, 200, 2), jpegPicture(400, 200, 3)},
	}.send(t, s.address)
	if answer.problems() != "" {
		t.Fatal(answer.problems())
	}
	media := answer.Data.UploadProductMedia.Product.Media
	shown, removed, late := media[len(media)-3], media[len(media)-2], media[len(media)-1]
	remove := func(m uploadedMedia) {
		version, _ := s.now(t)
		s.data(t, &struct{}{}, fmt.Sprintf(`mutation { removeProductMedia(productId: %q, version: %d, id: %q) { userErrors { code } } }`, s.product, version, m.ID), nil, s.bearer()...)
	}
	sweep := func() int {
		swept, err := s.store.SweepMediaFiles(t.Context(), time.Now().Add(-time.Hour), 100, s.pictures.Delete)
		if err != nil {
			t.Fatal(err)
		}
		return swept
	}
	remove(removed)
	remove(late)
	if swept := sweep(); swept != 0 {
		t.Errorf("%d files were swept right after their upload", swept)
	}
	if _, err := s.db.Exec("UPDATE media_files SET uploaded_at = now() - interval '1 day'"); err != nil {
		t.Fatal(err)
	}
	// Uploaded again, it is wanted again.
	version, _ = s.now(t)
	if again := (upload{product: s.product, version: version, files: [][]byte{jpegPicture(400, 200, 3)}, header: s.bearer()}).send(t, s.address); again.problems() != "" {
		t.Fatal(again.problems())
	}
	if swept := sweep(); swept != 1 {
		t.Errorf("swept %d, want 1", swept)
	}
	for m, want := range map[*uploadedMedia]string{&shown: "400×200", &removed: "status 404", &late: "400×200"} {
		if got := s.sizeAt(t, m.URL); got != want {
			t.Errorf("%s is %s, want %s", m.URL, got, want)
		}
	}
	// The product is deleted: its pictures can be restored.
	version, _ = s.now(t)
	s.data(t, &struct{}{}, fmt.Sprintf(`mutation { deleteProduct(id: %q, version: %d) { userErrors { code } } }`, s.product, version), nil, s.bearer()...)
	if _, err := s.db.Exec("UPDATE media_files SET uploaded_at = now() - interval '1 day'"); err != nil {
		t.Fatal(err)
	}
	if swept := sweep(); swept != 0 {
		t.Errorf("%d files of a deleted product were swept", swept)
	}
}
