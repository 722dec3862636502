package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// security is what is tried over TLS: logged in, and with certificates.
func security() []feature {
	mechanisms := map[string]func(user, password string) sasl.Mechanism{
		"PLAIN": func(user, password string) sasl.Mechanism {
			return plain.Auth{User: user, Pass: password}.AsMechanism()
		},
		"SCRAM-SHA-256": func(user, password string) sasl.Mechanism {
			return scram.Auth{User: user, Pass: password}.AsSha256Mechanism()
		},
		"SCRAM-SHA-512": func(user, password string) sasl.Mechanism {
			return scram.Auth{User: user, Pass: password}.AsSha512Mechanism()
		},
	}
	var all []feature
	for name, mechanism := range mechanisms {
		all = append(all,
			feature{"log in by " + name, func() {
				roundTrip("franz-go."+name, kgo.DialTLSConfig(roots()), kgo.SASL(mechanism("admin", "admin's")))
			}},
			feature{"a wrong password by " + name, func() {
				err := refusal(kgo.DialTLSConfig(roots()), kgo.SASL(mechanism("alice", "wrong")))
				expect(errors.Is(err, kerr.SaslAuthenticationFailed), true)
			}})
	}
	return append(all, feature{"certificates of clients", certificates})
}

func roots() *tls.Config {
	pool := x509.NewCertPool()
	expect(pool.AppendCertsFromPEM(must(os.ReadFile(files+"/roots.pem"))), true)
	return &tls.Config{RootCAs: pool}
}

func showing(name string) *tls.Config {
	config := roots()
	config.Certificates = []tls.Certificate{must(tls.LoadX509KeyPair(files+"/"+name+".pem", files+"/"+name+".key"))}
	return config
}

// roundTrip makes a topic, and produces to it and consumes from it.
func roundTrip(name string, options ...kgo.Opt) {
	limit, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	maker := client(options...)
	defer maker.Close()
	must(kadm.NewClient(maker).CreateTopic(limit, 1, 1, nil, name))
	check(maker.ProduceSync(limit, &kgo.Record{Topic: name, Value: []byte("a")}).FirstErr())
	reader := client(append(options, kgo.ConsumerGroup(name), kgo.ConsumeTopics(name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	defer reader.Close()
	fetched := reader.PollFetches(limit)
	check(fetched.Err())
	expect(string(fetched.Records()[0].Value), "a")
	check(reader.CommitUncommittedOffsets(limit))
}

// refusal is why somebody is not let in.
func refusal(options ...kgo.Opt) error {
	limit, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	stranger := client(options...)
	defer stranger.Close()
	err := stranger.Ping(limit)
	if err == nil {
		panic(errors.New("it was let in"))
	}
	return err
}

func certificates() {
	at := kgo.SeedBrokers(os.Getenv("MTLS"))
	roundTrip("franz-go.certificates", at, kgo.DialTLSConfig(showing("client")))
	for _, config := range []*tls.Config{roots(), showing("expired")} {
		refusal(at, kgo.DialTLSConfig(config))
	}
}
