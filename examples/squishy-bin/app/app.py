"""Squishy Bin: a request bin. Whatever is sent to /in/<bin> is kept; /bin/<bin> shows the last fifty of them."""

import json
import os
import time

import psycopg2
from flask import Flask, jsonify, request

app = Flask(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id serial PRIMARY KEY,
    bin text NOT NULL,
    received double precision NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    headers jsonb NOT NULL,
    body text NOT NULL
)
"""


def database():
    return psycopg2.connect(
        host=os.environ["DB_HOST"],
        dbname=os.environ["DB_NAME"],
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
    )


@app.route("/healthz")
def healthz():
    return "ok"


@app.route("/in/<name>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def keep(name):
    body = request.get_data(as_text=True)[:65536]
    with database() as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO requests (bin, received, method, path, headers, body) VALUES (%s, %s, %s, %s, %s, %s)",
            (name, time.time(), request.method, request.full_path, json.dumps(dict(request.headers)), body),
        )
    return "", 204


@app.route("/bin/<name>")
def show(name):
    with database() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT received, method, path, headers, body FROM requests WHERE bin = %s ORDER BY id DESC LIMIT 50",
            (name,),
        )
        rows = cursor.fetchall()
    keys = ("received", "method", "path", "headers", "body")
    return jsonify([dict(zip(keys, row)) for row in rows])


if __name__ == "__main__":
    with database() as connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "8080")))
