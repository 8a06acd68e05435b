package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// s3Attempts is how often a request to a bucket is tried.
const s3Attempts = 3

// BucketOptions say where a bucket is, and who uses it.
type BucketOptions struct {
	// Endpoint is where the service is, such as https://s3.eu-central-1.amazonaws.com.
	Endpoint string
	// Region is empty for services that have none.
	Region    string
	Bucket    string
	AccessKey string
	SecretKey string
}

// Bucket keeps files in a bucket that speaks S3. Clients do not see it: the server reads and writes it.
type Bucket struct {
	client *minio.Client
	name   string
}

// NewBucket returns the storage in the bucket, which has to be there. It need not answer yet.
func NewBucket(o BucketOptions) (*Bucket, error) {
	endpoint, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("read address of S3: %w", err)
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure: endpoint.Scheme == "https", Region: o.Region, MaxRetries: s3Attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("make client of S3: %w", err)
	}
	return &Bucket{client: client, name: o.Bucket}, nil
}

// Put stores a file.
func (b *Bucket) Put(ctx context.Context, name string, content io.Reader, size int64) error {
	contentType, err := contentTypeOf(name)
	if err != nil {
		return err
	}
	_, err = b.client.PutObject(ctx, b.name, name, content, size, minio.PutObjectOptions{ContentType: contentType, CacheControl: forEver})
	if err != nil {
		return fmt.Errorf("write picture to S3: %w", err)
	}
	return nil
}

// Open returns the file.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	if _, err := contentTypeOf(name); err != nil {
		return nil, err
	}
	object, err := b.client.GetObject(ctx, b.name, name, minio.GetObjectOptions{})
	if err == nil {
		// The first request is made now: only then is it known whether there is a file.
		_, err = object.Stat()
	}
	if isMissing(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read picture from S3: %w", err)
	}
	return object, nil
}

// Exists says whether the file is there.
func (b *Bucket) Exists(ctx context.Context, name string) (bool, error) {
	if _, err := contentTypeOf(name); err != nil {
		return false, err
	}
	_, err := b.client.StatObject(ctx, b.name, name, minio.StatObjectOptions{})
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for picture in S3: %w", err)
	}
	return true, nil
}

// Delete removes the file.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	if _, err := contentTypeOf(name); err != nil {
		return err
	}
	if err := b.client.RemoveObject(ctx, b.name, name, minio.RemoveObjectOptions{}); err != nil && !isMissing(err) {
		return fmt.Errorf("delete picture from S3: %w", err)
	}
	return nil
}

func isMissing(err error) bool {
	response, ok := errors.AsType[minio.ErrorResponse](err)
	return ok && response.StatusCode == http.StatusNotFound
}
