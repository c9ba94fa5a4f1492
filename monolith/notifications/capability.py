"""What hosts and routers need to know of notifications before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/notifications/"},)
PERIODIC = {"notifications.send": 2.0, "notifications.purge": 3600.0}  # task to seconds
ENVIRONMENT = {  # variable to its value in development
    "NOTIFICATIONS_SMTP": "smtp://127.0.0.1:8308",  # smtps:// for TLS from the start; user:password@ where needed
    "NOTIFICATIONS_FROM": "shop@example.com",
    "NOTIFICATIONS_ANSWER_S": "10",  # how long the mail server may take for each answer
}
