package graph

import (
	"context"
	"mime"
	"net/http"
	"time"

	"ecoseller/models"
)

// isUpload says whether the request brings files.
func isUpload(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Method == http.MethodPost && err == nil && mediaType == "multipart/form-data"
}

// serveUpload passes a request with files on, after looking at everything that can be known before its body is read.
//
// It needs a token. A page of another site can make a browser send such a form without asking, but not with our header
// in it: the browser asks us first, as it does for JSON. So a form without a token is never run, not even for what
// anybody may do. Where the page is from does not matter then: dashboards live on other hosts than this server.
func serveUpload(w http.ResponseWriter, r *http.Request, o Options, next http.Handler) {
	limit := o.MaxUpload
	token := tokenOf(r.Context())
	switch {
	case token == nil:
		refuse(w, http.StatusUnauthorized, CodeUnauthenticated, "a request with files needs an access token")
	case !token.Can(models.PermissionWriteCatalogue):
		refuse(w, http.StatusForbidden, CodeForbidden, "the access token lacks the permission "+string(models.PermissionWriteCatalogue))
	case limit == 0:
		refuse(w, http.StatusServiceUnavailable, CodeMediaUnavailable, "this server has no place for files")
	case r.ContentLength < 0:
		refuse(w, http.StatusLengthRequired, CodeLengthRequired, "a request with files says how long it is (Content-Length)")
	case r.ContentLength > limit:
		refuse(w, http.StatusRequestEntityTooLarge, CodeTooLarge, "the request is too large")
	default:
		readUpload(w, r, o, next)
	}
}

func readUpload(w http.ResponseWriter, r *http.Request, o Options, next http.Handler) {
	uploadTime := o.Limits.UploadTime
	ctx, cancel := context.WithTimeout(r.Context(), uploadTime)
	defer cancel()
	controller := http.NewResponseController(w)
	// Writers without deadlines, in tests, need none.
	_ = controller.SetReadDeadline(time.Now().Add(uploadTime))
	_ = controller.SetWriteDeadline(time.Now().Add(uploadTime))
	r.Body = http.MaxBytesReader(w, r.Body, o.MaxUpload)
	next.ServeHTTP(w, r.WithContext(ctx))
}
