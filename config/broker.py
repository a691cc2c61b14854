"""What becomes of tasks whose worker was killed."""

from config.celery import app


def requeue_abandoned() -> int:
    """Queue again the tasks that a killed worker held; return how many.

    Only while no worker runs. Otherwise they come back by themselves, but only after
    the broker's visibility timeout. RabbitMQ gives them back at once on its own.
    """
    with app.connection_for_write() as connection:
        channel = connection.default_channel
        if not hasattr(channel.qos, "restore_by_tag"):
            return 0
        with channel.conn_or_acquire() as client:
            tags = client.zrange(channel.unacked_index_key, 0, -1)
            for tag in tags:
                channel.qos.restore_by_tag(tag, client)
        return len(tags)
