package relay

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const (
	validFor = 365 * 24 * time.Hour
	// Clocks differ.
	leeway = time.Hour
)

// Authority signs the agents' certificates; all of it is PEM.
type Authority struct {
	Certificate, Key, Root string
}

// Sign makes a client's certificate for a name, of the key in a request; what is between it and the root follows it.
func (a Authority) Sign(request, name string) (string, error) {
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		return "", errors.New("the certificate request is no PEM")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("the certificate request cannot be read: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return "", fmt.Errorf("the certificate request is not signed by its own key: %w", err)
	}
	pair, err := tls.X509KeyPair([]byte(a.Certificate), []byte(a.Key))
	if err != nil {
		return "", fmt.Errorf("the signing certificate cannot be used: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{name},
		NotBefore:             now.Add(-leeway),
		NotAfter:              now.Add(validFor),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, pair.Leaf, csr.PublicKey, pair.PrivateKey.(crypto.Signer))
	if err != nil {
		return "", fmt.Errorf("the certificate cannot be signed: %w", err)
	}
	certificate := encoded("CERTIFICATE", der)
	if strings.TrimSpace(a.Certificate) == strings.TrimSpace(a.Root) {
		return certificate, nil
	}
	return certificate + a.Certificate, nil
}

// NewRequest makes a key, and a request for a certificate of it.
func NewRequest(name string) (key, request string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}
	csr, err := x509.CreateCertificateRequest(rand.Reader, template, private)
	if err != nil {
		return "", "", err
	}
	return encoded("PRIVATE KEY", der), encoded("CERTIFICATE REQUEST", csr), nil
}

func encoded(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func poolOf(certificates ...string) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, one := range certificates {
		pool.AppendCertsFromPEM([]byte(one))
	}
	return pool
}
