"""Who is told what happened: subscriptions, and an outbox that is emptied into webhooks and mails."""
