"""The control socket: who may connect, who may operate, and one answer per request.

``listener`` owns the file, ``peer`` knows who is on the other side, ``registry`` says
what each method does, ``answering`` turns a request into a response, ``outbox`` holds
what a client has yet to read, ``connection`` is one client's conversation, and
``server`` all of them. Nothing in here knows what an operation means.
"""
